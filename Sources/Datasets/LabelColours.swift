import Images
import Settings
import Tensors

/// The setting `labelColours` of a `folder`: what colours in label files mean.
struct LabelColours {
  private let entries: [(key: String, colour: RGBColour, value: SettingValue)]

  /// Whether the setting is not given.
  var isEmpty: Bool { entries.isEmpty }

  /// Each class's name or number with the first of its colours, in the order of the colours.
  var colours: [(name: String, colour: RGBColour)] { entries.compactMap { entry in entry.value.nameValue.map { ($0, entry.colour) } } }

  /// Reads the setting.
  /// - Throws: `.usage` for keys that are no colours, an empty mapping, and what contradicts it.
  static func read(_ settings: FolderDataset.Settings) throws -> LabelColours {
    guard let table = settings.labelColours else { return LabelColours(entries: []) }
    guard !table.isEmpty else { throw settings.wrong("labelColours", "is empty", advice: "Give each colour of the label files a meaning.") }
    for (key, isGiven) in [("labelMap", settings.labelMap != nil), ("ignoreIndex", settings.ignoreIndex != nil)] where isGiven {
      throw settings.wrong(
        key, "is about numbers, but labelColours says that label files hold colours", advice: "Leave one of the two out.")
    }
    var seen: [RGBColour: String] = [:]
    return LabelColours(
      entries: try table.sorted { $0.key < $1.key }.map { key, value in
        guard let colour = RGBColour(hexadecimal: key) else {
          throw settings.wrong("labelColours", "has the key \"\(key)\"; keys are colours of the form \"#RRGGBB\", in quotes")
        }
        if let other = seen.updateValue(key, forKey: colour) {
          throw settings.wrong("labelColours", "has one colour twice: \(other), \(key)")
        }
        return (key, colour, value)
      })
  }

  /// Classes stand for themselves, and 255 is ignored.
  func labelMap(classes: [ClassInfo]) -> LabelMap {
    LabelMap(classCount: classes.count, ignored: [LabelImage.ignored])
  }

  /// The number of each colour: its class, or 255.
  /// - Throws: `.usage` for classes that do not exist.
  func colourCode(_ settings: FolderDataset.Settings, classes: [ClassInfo]) throws -> ColourCode {
    var numbers: [RGBColour: UInt8] = [:]
    for (key, colour, value) in entries {
      switch try FolderDataset.meaning(of: value, key: key, in: "labelColours", settings, classes) {
      case .classIndex(let index): numbers[colour] = UInt8(index)
      case .ignored, .unknown: numbers[colour] = LabelImage.ignored
      }
    }
    return ColourCode(numbers)
  }
}
