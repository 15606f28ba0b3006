import Settings
import Tensors

/// Size and counts of drawn scenes: what data sets of scenes have in common, whatever their annotations are.
package struct SceneNumbers: Sendable, Equatable {
  /// Columns of each image.
  package var width: Int
  /// Rows of each image.
  package var height: Int
  /// Training samples.
  package var train: Int
  /// Validation samples.
  package var validation: Int
  /// Test samples.
  package var test: Int

  package init(width: Int, height: Int, train: Int, validation: Int, test: Int) {
    (self.width, self.height, self.train, self.validation, self.test) = (width, height, train, validation, test)
  }

  /// The largest side of an image.
  private static let largestSide = 4096

  /// The keys, for the settings of a data set.
  package mutating func visit(_ visitor: inout some KeyVisitor, smallestSide: Int) {
    visitor.key("width", &width, "columns of each image", .between(smallestSide, SceneNumbers.largestSide))
    visitor.key("height", &height, "rows of each image", .between(smallestSide, SceneNumbers.largestSide))
    visitor.key("train", &train, "number of training samples", .between(0, 1_000_000))
    visitor.key("validation", &validation, "number of validation samples", .between(0, 1_000_000))
    visitor.key("test", &test, "number of test samples", .between(0, 1_000_000))
  }

  /// - Throws: `.usage` for sides below `smallestSide` or above 4096, and for negative counts.
  package func check(smallestSide: Int) throws {
    let sides = smallestSide...SceneNumbers.largestSide
    guard sides.contains(width), sides.contains(height) else {
      throw LongtailError(
        .usage,
        "data set scenes: \(width) x \(height) is not possible; sides go from \(sides.lowerBound) to \(sides.upperBound)")
    }
    for (key, count) in [("train", train), ("validation", validation), ("test", test)] where count < 0 {
      throw LongtailError(.usage, "data set scenes: \(key) is \(count), but a number of images is not negative")
    }
  }

  /// How many samples a split has.
  package func count(of split: Split) -> Int {
    switch split {
    case .train: train
    case .validation: validation
    case .test: test
    }
  }

  /// `train-00012`.
  package static func identifier(split: Split, index: Int) -> String { "\(split.shortName)-\(String(index, digits: 5))" }
}
