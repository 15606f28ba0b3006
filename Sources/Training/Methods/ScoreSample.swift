import Objectives
import Tensors

/// Class scores of some of the rows of a data set, about as many of each class, and of how many rows each speaks.
///
/// Of class t one row of `strides[t]` is kept, by chance, so that a kept row stands for that many. Which rows these are is a function of the
/// seed, the sample and the row's place, whatever rank sees it.
struct ScoreSample {
  /// C.
  let classes: Int
  /// Scores, rows x C.
  private(set) var scores: [Float] = []
  /// The class of each row.
  private(set) var labels: [Int32] = []
  /// Of how many rows of each class one is kept; empty before the first rows.
  private(set) var strides: [Int] = []

  private let counts: [Int64]
  private let images: Int64?
  private let limit: Int
  private let seed: UInt64

  /// Nothing yet.
  /// - Parameter rows: about how many are kept in all, over all ranks; 4 C bytes each.
  /// - Throws: `LongtailError` where the classes were not counted.
  init(of classes: ObjectiveContext, rows: Int) throws {
    guard let counts = classes.pixelCounts, counts.count == classes.classes else {
      throw LongtailError(.internalError, "scores are to be looked at, but the classes of the training split were not counted")
    }
    (self.counts, images, limit, seed) = (counts, classes.images, rows, classes.seed)
    self.classes = classes.classes
  }

  /// How many rows were kept here.
  var count: Int { labels.count }

  /// Takes in the labelled rows of a batch. Rows with a score that is not finite are left out.
  /// - Parameters:
  ///   - samples: the index in the data set of each image.
  /// - Throws: `LongtailError` for rows that the labels do not belong to.
  mutating func add(_ rows: RowsView, labels found: UnsafeBufferPointer<Int32>, samples: [Int]) throws {
    guard rows.classes == classes, rows.rows == found.count, rows.images == samples.count else {
      throw LongtailError(
        .usage, "\(rows.rows) rows of \(rows.classes) scores have \(found.count) labels of \(classes) classes",
        advice: "Offsets for classes need a network with a score for each labelled pixel or image.")
    }
    if strides.isEmpty { strides = ScoreSample.strides(counts, images: images, rowsPerImage: rows.rowsPerImage, limit: limit) }
    rows.buffer.withFloats { floats in
      for (image, sample) in samples.enumerated() {
        let random = CounterRandom(seed: seed, purpose: .sampling, sample: sample)
        for row in 0..<rows.rowsPerImage {
          let label = found[image * rows.rowsPerImage + row]
          guard label >= 0, Int(label) < classes else { continue }
          let stride = strides[Int(label)]
          if stride > 1, random.integer(row, below: stride) != 0 { continue }
          let start = scores.count
          for k in 0..<classes { scores.append(floats[rows.index(image: image, row: row, class: k)]) }
          if scores[start...].allSatisfy(\.isFinite) { labels.append(label) } else { scores.removeLast(classes) }
        }
      }
    }
  }

  /// Adds a number to the scores of each class; none if nil.
  /// - Throws: `LongtailError` where there are not as many numbers as classes.
  mutating func shift(by offsets: [Double]?) throws {
    guard let offsets else { return }
    guard offsets.count == classes else {
      throw LongtailError(.internalError, "\(offsets.count) offsets for predictions, but \(classes) classes")
    }
    for place in scores.indices { scores[place] += Float(offsets[place % classes]) }
  }

  /// Strides that leave at most a like share of `limit` to every class that occurs.
  /// - Parameters:
  ///   - counts: labelled pixels of the classes at the labels' size, which may be another one than the network's.
  static func strides(_ counts: [Int64], images: Int64?, rowsPerImage: Int, limit: Int) -> [Int] {
    let total = counts.reduce(0) { $0 + Double($1) }
    let scale = images.map { Double($0) * Double(rowsPerImage) / max(total, 1) } ?? 1
    let share = Double(limit) / Double(max(1, counts.count { $0 > 0 }))
    return counts.map { max(1, Int((Double($0) * scale / share).rounded(.up))) }
  }
}
