import Foundation

/// Files by their names, for lists that name them with or without ending, and with more or fewer folders in front.
///
/// A name finds a file where all folders of the shorter of the two agree: `train/images/camB/f1.png` finds `camB/f1`, and `f1` finds it too
/// where no other file is called so; `camB/f1` never finds `camA/f1`.
struct SampleNames {
  /// What a name finds.
  enum Match: Equatable {
    /// One file, by its key.
    case one(String)
    /// Several, by their keys: the name does not say which.
    case several([String])
    /// None.
    case none
  }

  private struct Alias {
    var parts: [Substring]
    var key: String
    /// Smaller is nearer to what the file is called.
    var rank: Int
  }

  /// Names of the folders that keys have in front.
  let folders: Set<Substring>
  private let byLastPart: [Substring: [Alias]]
  private let files: [String: String]

  /// - Parameter files: paths by key: the path inside a folder without ending and suffix.
  init(_ files: [String: String]) {
    self.files = files
    var found: [Substring: [Alias]] = [:]
    for (key, path) in files {
      let depth = SampleNames.parts(key).count
      let whole = SampleNames.parts(path).suffix(depth)
      let stem = whole.dropLast() + whole.suffix(1).map { FileListing.withoutExtension($0) }
      for (rank, parts) in [Array(whole), Array(stem), SampleNames.parts(key)].enumerated() {
        guard let last = parts.last else { continue }
        found[last, default: []].append(Alias(parts: parts, key: key, rank: rank))
      }
    }
    byLastPart = found
    folders = Set(files.keys.flatMap { SampleNames.parts($0).dropLast() })
  }

  /// The file of a key.
  subscript(_ key: String) -> String? { files[key] }

  /// Looks for a name.
  func match(_ name: String) -> Match {
    let parts = SampleNames.parts(name)
    guard let last = parts.last else { return .none }
    let stem = FileListing.withoutExtension(last)
    let variants = [parts] + (stem == last ? [] : [Array(parts.dropLast()) + [stem]])
    var best: (measure: [Int], keys: Set<String>)?
    for (order, variant) in variants.enumerated() {
      for alias in byLastPart[variant.last ?? ""] ?? [] {
        let shared = min(variant.count, alias.parts.count)
        guard variant.suffix(shared).elementsEqual(alias.parts.suffix(shared)) else { continue }
        let isWhole = variant.count == alias.parts.count
        // Smaller is better: the same folders first, then as many as possible, then the nearest way of writing it.
        let measure = [isWhole ? 0 : 1, -shared, order, alias.rank]
        if let known = best, known.measure == measure {
          best?.keys.insert(alias.key)
        } else if best.map({ measure.lexicographicallyPrecedes($0.measure) }) ?? true {
          best = (measure, [alias.key])
        }
      }
    }
    guard let best else { return .none }
    return best.keys.count == 1 ? .one(best.keys.first ?? name) : .several(best.keys.sorted())
  }

  /// The folders in front of a name that the key has not, the nearest last.
  static func droppedFolders(_ name: String, key: String) -> [Substring] { parts(name).dropLast(parts(key).count) }

  private static func parts(_ path: String) -> [Substring] { path.split(separator: "/").filter { $0 != "." } }
}
