import Settings
import Tensors

extension Configuration {
  /// Every key with its value, as YAML with a comment on each line. Reading it back gives an equal configuration.
  /// - Parameter header: lines of comment at the top.
  package func yaml(header: [String] = []) -> String {
    var text = YAMLText()
    for line in header { text.comment(line) }
    text.settings(listing)
    return text.text
  }

  /// The listing of all keys with their defaults and meanings, as YAML.
  package static var reference: String {
    var text = YAMLText()
    text.comment("Every key of a configuration with its default. Give only what differs.")
    text.settings(SectionWriter.lines(of: Configuration(), listsAbsentSections: true))
    return text.text
  }

  /// All keys with their values: the form that checkpoints keep, and that `digest` is taken of.
  package var setting: SettingValue {
    var whole: [String: SettingValue] = [:]
    for line in listing {
      guard let value = line.value else { continue }
      whole = Configuration.inserted(value, at: line.path.split(separator: ".").map(String.init)[...], into: whole)
    }
    return .map(whole)
  }

  /// Every key with its value and meaning, the output directory spelled out.
  var listing: [SettingLine] {
    var copy = self
    copy.output = outputDirectory
    return SectionWriter.lines(of: copy)
  }

  /// 64 hexadecimal digits, SHA-256 of the canonical form (one line of JSON with sorted keys, defaults included).
  /// Equal configurations have equal digests, however their files are written.
  /// - Throws: `LongtailError(.internalError)` when libcrypto refuses.
  package func digest() throws -> String { try SHA256Digest(of: setting.description).description }

  private static func inserted(_ value: SettingValue, at path: ArraySlice<String>, into map: [String: SettingValue]) -> [String:
    SettingValue]
  {
    guard let first = path.first else { return map }
    var result = map
    if path.count == 1 {
      result[first] = value
    } else {
      result[first] = .map(inserted(value, at: path.dropFirst(), into: map[first]?.mapValue ?? [:]))
    }
    return result
  }
}
