import Datasets
import Images
import Tensors

/// A data set for recognition: images, each of one class.
///
/// Labels are known without reading an image. Reading is thread-safe.
public struct LabelledImages: Sendable {
  /// The images of a split.
  public struct Part: Sendable {
    /// Where they come from.
    public var source: any ImageSource
    /// Their names, unique in the split: paths inside the data set, or numbers.
    public var names: [String]
    /// Their classes, from 0.
    public var labels: [Int32]

    /// - Parameters: one entry an image, in one order.
    public init(source: any ImageSource, names: [String], labels: [Int32]) {
      (self.source, self.names, self.labels) = (source, names, labels)
    }

    /// How many there are.
    public var count: Int { labels.count }

    /// Some of them, in the order given.
    public func selecting(_ indices: [Int]) -> Part {
      Part(
        source: SelectedSource(base: source, indices: indices), names: indices.map { names[$0] }, labels: indices.map { labels[$0] })
    }
  }

  /// The name of the data set's kind.
  public let name: String
  /// The names of the classes, in the order of their numbers.
  public let classes: [String]
  /// The splits that there are.
  public private(set) var parts: [Split: Part]
  /// Warnings before training: what is unusual, though it need not be wrong.
  public var remarks: [String] = []

  /// Checks that the parts fit together.
  /// - Throws: `.badData` where a label is not a class, a name occurs twice in a split, or a split that is there has no image.
  public init(name: String, classes: [String], parts: [Split: Part]) throws {
    (self.name, self.classes, self.parts) = (name, classes, parts)
    guard !classes.isEmpty else { throw LongtailError(.badData, "data set \(name): it has no classes") }
    if let twice = LabelledImages.repeated(classes) {
      throw LongtailError(.badData, "data set \(name): two classes are called '\(twice)'")
    }
    for (split, part) in parts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      guard part.names.count == part.labels.count, part.source.count == part.labels.count else {
        throw LongtailError(
          .internalError, "data set \(name): \(part.names.count) names and \(part.labels.count) labels for \(part.source.count) images")
      }
      guard part.count > 0 else { throw LongtailError(.badData, "data set \(name): there is no image in \(split.rawValue)") }
      if let index = part.labels.firstIndex(where: { $0 < 0 || Int($0) >= classes.count }) {
        throw LongtailError(
          .badData, "\(part.source.location(of: index)): label \(part.labels[index]), but there are \(classes.count) classes",
          advice: "Labels are numbers from 0 to \(classes.count - 1).")
      }
      if let twice = LabelledImages.repeated(part.names) {
        throw LongtailError(.badData, "data set \(name): \(twice) is named twice in \(split.rawValue)", advice: "Leave one of the two out.")
      }
    }
  }

  /// Classes without images, from a checkpoint.
  public init(recorded classes: [String]) { (name, self.classes, parts) = ("recorded", classes, [:]) }

  private static func repeated(_ names: [String]) -> String? {
    var seen = Set<String>(minimumCapacity: names.count)
    return names.first { !seen.insert($0).inserted }
  }

  /// How many images a split has; 0 where there is no such split.
  public func count(of split: Split) -> Int { parts[split]?.count ?? 0 }

  /// How many images of a split each class has.
  public func classCounts(of split: Split) -> [Int] {
    (parts[split]?.labels ?? []).reduce(into: [Int](repeating: 0, count: classes.count)) { $0[Int($1)] += 1 }
  }

  /// The images of a split.
  /// - Throws: `.usage` where there is no such split.
  public func part(_ split: Split) throws -> Part {
    guard let part = parts[split] else {
      let known = Split.allCases.filter { parts[$0] != nil }.map(\.rawValue)
      throw LongtailError(.usage, "data set \(name) has no \(split.rawValue) images", advice: "It has: \(known.joined(separator: ", ")).")
    }
    return part
  }

  /// The same data set with other images in a split.
  public func replacing(_ split: Split, with part: Part) -> LabelledImages {
    var result = self
    result.parts[split] = part
    return result
  }

  /// The same data set, a share of its training images held out for validation: by their names, class by class, so that each class has both
  /// kinds where it has two images or more.
  /// - Throws: `.usage` where there is a validation split already, or no training images.
  public func holdingOut(share: Double) throws -> LabelledImages {
    guard parts[.validation] == nil else {
      throw LongtailError(
        .usage, "data set \(name): validationShare is \(share), but validation images are there", advice: "Leave one of the two out.")
    }
    let train = try part(.train)
    var kept: [Int] = []
    var held: [Int] = []
    let byClass = Dictionary(grouping: train.labels.indices) { train.labels[$0] }
    for label in byClass.keys.sorted() {
      let divided = HeldOut.divided(byClass[label] ?? [], share: share) { train.names[$0] }
      kept += divided.train
      held += divided.validation
    }
    return replacing(.train, with: train.selecting(kept.sorted())).replacing(.validation, with: train.selecting(held.sorted()))
  }

  /// Everything that a split depends on: classes, labels, and what its images depend on.
  public func fingerprint(of split: Split) -> [String] {
    guard let part = parts[split] else { return [] }
    return ["classes \(classes.joined(separator: " | "))"]
      + (0..<part.count).map { "\(part.names[$0]) \(part.labels[$0]) \(part.source.fingerprint(of: $0))" }
  }
}

/// Some images of another source, in a given order.
struct SelectedSource: ImageSource {
  let base: any ImageSource
  let indices: [Int]

  var count: Int { indices.count }
  func location(of index: Int) -> String { base.location(of: indices[index]) }
  func content(of index: Int) throws -> ImageContent { try base.content(of: indices[index]) }
  func fingerprint(of index: Int) -> String { base.fingerprint(of: indices[index]) }
  func listing(of index: Int) -> String { base.listing(of: indices[index]) }
  func examined(_ index: Int, range: SampleRange?) throws -> ImageFile? { try base.examined(indices[index], range: range) }
}
