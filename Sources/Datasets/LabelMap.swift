import Images
import Tensors

/// What each of the 256 numbers in label files means: a class, ignored, or nothing that the data set knows.
///
/// The one place where labels are renumbered; there are no implicit shifts.
public struct LabelMap: Sendable, Equatable, CustomStringConvertible {
  /// The meaning of a number.
  public enum Meaning: Sendable, Equatable {
    /// The class of this index.
    case classIndex(Int)
    /// Pixels that are not judged.
    case ignored
    /// A mistake in the file.
    case unknown
  }

  /// The meanings of 0 to 255.
  public private(set) var meanings: [Meaning]

  /// A map in which nothing is known yet.
  public init() {
    meanings = [Meaning](repeating: .unknown, count: 256)
  }

  /// Numbers stand for themselves: class `k` is `k`, and the numbers of `ignored` are ignored.
  /// - Parameters:
  ///   - classCount: at most 255.
  ///   - ignored: these win over classes.
  public init(classCount: Int, ignored: [UInt8]) {
    self.init()
    for index in 0..<min(255, classCount) { meanings[index] = .classIndex(index) }
    for number in ignored { meanings[Int(number)] = .ignored }
  }

  /// The meaning of a number.
  public subscript(_ number: UInt8) -> Meaning {
    get { meanings[Int(number)] }
    set { meanings[Int(number)] = newValue }
  }

  /// The map as a table of 256 classes, 255 for what is ignored or unknown.
  public var table: [UInt8] {
    meanings.map { meaning in
      if case .classIndex(let index) = meaning { return UInt8(truncatingIfNeeded: index) }
      return LabelImage.ignored
    }
  }

  /// Renumbers the labels of a file.
  /// - Parameters:
  ///   - labels: as they stand in the file.
  ///   - source: the file's name for messages.
  /// - Throws: `.badData` naming file, number and count, where a number is unknown.
  public func apply(to labels: LabelImage, source: String) throws -> LabelImage {
    let counts = labels.histogram()
    for number in 0..<256 where counts[number] > 0 && meanings[number] == .unknown {
      throw LabelMap.unknownLabel(UnknownLabel(source: source, label: number, pixels: counts[number]), others: 0)
    }
    var result = labels
    result.map(table)
    return result
  }

  static func unknownLabel(_ first: UnknownLabel, others: Int) -> LongtailError {
    let more = others == 0 ? "" : "; and \(others) more such \(others == 1 ? "case" : "cases")"
    let what = first.colour.map { "colour \($0.hexadecimal)" } ?? "label \(first.label)"
    return LongtailError(
      .badData, "\(first.source): \(what) at \(first.pixels) pixels is neither a class nor ignored\(more)",
      advice: first.colour == nil
        ? "Correct the file, or give this number a meaning in the data set's label map."
        : "Correct the file, or give this colour a meaning in the data set's labelColours.")
  }

  /// The known numbers with their meanings: `0:0 1:1 11:ignored`.
  public var description: String {
    meanings.indices.compactMap { number in
      switch meanings[number] {
      case .classIndex(let index): return "\(number):\(index)"
      case .ignored: return "\(number):ignored"
      case .unknown: return nil
      }
    }.joined(separator: " ")
  }
}

/// A number in a label file that the label map does not know.
public struct UnknownLabel: Sendable, Codable, Equatable {
  /// The file.
  public var source: String
  /// The number.
  public var label: Int
  /// How many of the file's pixels have it.
  public var pixels: Int
  /// The colour, in files whose colours are classes; `label` says nothing there.
  public var colour: RGBColour?
}
