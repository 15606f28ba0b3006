/// A map of classes: one number for each pixel, rows from top to bottom.
public struct LabelImage: Sendable, Equatable {
  /// The number that means "not judged" once a data set's label map has been applied.
  public static let ignored: UInt8 = 255

  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// `width * height` numbers; pixel (x, y) is at `y * width + x`.
  public var labels: [UInt8]

  /// A map of one class.
  public init(width: Int, height: Int, fill label: UInt8 = LabelImage.ignored) {
    self.width = max(0, width)
    self.height = max(0, height)
    labels = [UInt8](repeating: label, count: self.width * self.height)
  }

  /// A map from its numbers; nil unless there are `width * height` of them.
  public init?(width: Int, height: Int, labels: [UInt8]) {
    guard width >= 0, height >= 0, labels.count == width * height else { return nil }
    self.init(width: width, height: height, unchecked: labels)
  }

  init(width: Int, height: Int, unchecked labels: [UInt8]) {
    self.width = width
    self.height = height
    self.labels = labels
  }

  /// The number at column `x`, row `y`.
  public subscript(x: Int, y: Int) -> UInt8 {
    get { labels[y * width + x] }
    set { labels[y * width + x] = newValue }
  }

  /// How often each of the 256 numbers occurs.
  public func histogram() -> [Int] {
    var counts = [Int](repeating: 0, count: 256)
    counts.withUnsafeMutableBufferPointer { counts in
      labels.withUnsafeBufferPointer { labels in
        for label in labels { counts[Int(label)] &+= 1 }
      }
    }
    return counts
  }

  /// Replaces each number `n` by `table[n]`; `table` has 256 entries, and numbers past its end stay.
  public mutating func map(_ table: [UInt8]) {
    table.withUnsafeBufferPointer { table in
      labels.withUnsafeMutableBufferPointer { labels in
        for index in labels.indices where Int(labels[index]) < table.count { labels[index] = table[Int(labels[index])] }
      }
    }
  }
}
