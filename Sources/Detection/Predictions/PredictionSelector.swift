import Tensors
import Threading

/// An object that was found.
package struct Prediction: Sendable, Equatable {
  /// Where, in pixels of the prepared image.
  package var box: CornerBox
  /// From 0 to 1.
  package var score: Float
  /// The class.
  package var label: Int

  package init(box: CornerBox, score: Float, label: Int) { (self.box, self.score, self.label) = (box, score, label) }
}

/// Makes the objects of an image out of what the second stage says of its proposals.
///
/// Every pair of a proposal and a class is a candidate: its score has to be above `threshold`; of those the best `candidates` go on. Boxes
/// are decoded for the class, cut to the image, dropped where a side is below `minimumSide`, suppressed within each class; the best `count`
/// are the image's. Equal scores: by proposal, then class. Source: torchvision's `postprocess_detections`.
///
/// All threads share the rows and the classes; the result is the same at any number of them. Cost: one exponential a logit of a softmax, of
/// sigmoids only where a score is above the threshold; boxes are decoded for candidates alone.
package final class PredictionSelector {
  /// Which objects count.
  package struct Settings: Sendable, Equatable {
    /// Scores have to be above.
    package var threshold = 0.05
    /// The largest IoU of two objects of a class.
    package var suppression = 0.5
    /// Objects of an image.
    package var count = 100
    /// The least side in pixels.
    package var minimumSide: Float = 0.01
    /// The most candidates before suppression; nil for no limit.
    package var candidates: Int? = 10_000

    /// COCO's: above 0.05, 100 an image.
    package static let coco = Settings()
    /// LVIS': above 0.0001, 300 an image.
    package static let lvis = Settings(threshold: 0.0001, count: 300)

    /// Sets what differs from COCO's.
    package init(threshold: Double = 0.05, count: Int = 100, candidates: Int? = 10_000) {
      (self.threshold, self.count, self.candidates) = (threshold, count, candidates)
    }
  }

  private let suppression = GroupedSuppression()
  private var logits: [Float] = []
  private var scores: [Float] = []
  private var starts: [Int] = []
  private var keys: [UInt64] = []

  /// Has no settings; keeps working memory between calls.
  package init() {}

  /// Selects the objects of an image.
  /// - Parameters:
  ///   - logits: a row a proposal.
  ///   - rule: how they become scores.
  ///   - codes: a row a proposal.
  ///   - columns: which columns are a class's code.
  ///   - proposals: the boxes, as many as the image has.
  ///   - firstRow: the row of the image's first proposal.
  ///   - size: columns and rows of the image without padding.
  ///   - predictions: overwritten, by descending score.
  package func select(
    logits: RowsView, rule: ClassScores, codes: RowsView, columns: RegionBoxTerm.Columns, coder: BoxCoder = .proposals,
    proposals: [CornerBox], firstRow: Int = 0, size: (width: Int, height: Int), settings: Settings,
    into predictions: inout [Prediction]
  ) throws {
    predictions.removeAll(keepingCapacity: true)
    let (rows, classes) = (proposals.count, rule.classes(columns: logits.classes))
    guard firstRow >= 0, firstRow + rows <= min(logits.rows, codes.rows), classes >= 1,
      columns.first(of: Int32(classes - 1)) + 4 <= codes.classes
    else {
      throw LongtailError(
        .internalError,
        "\(rows) proposals from row \(firstRow) on in \(logits.rows) rows of \(logits.classes) logits and \(codes.classes) codes")
    }
    if rows == 0 { return }
    writeScores(logits, rule, rows: rows, firstRow: firstRow, classes: classes, threshold: Float(settings.threshold))
    var count = collect(rows: rows, classes: classes, threshold: settings.threshold)
    keys.withUnsafeMutableBufferPointer { keys in
      let all = UnsafeMutableBufferPointer(rebasing: keys[0..<count])
      if let limit = settings.candidates, count > limit {
        KeySelection.moveSmallest(limit, of: all)
        count = limit
      }
    }
    suppression.begin(capacity: count)
    let extent = (width: Float(size.width), height: Float(size.height))
    for key in keys[0..<count] {
      let place = KeySelection.place(key)
      let (row, label) = place.quotientAndRemainder(dividingBy: classes)
      let (image, position) = (firstRow + row).quotientAndRemainder(dividingBy: max(1, codes.rowsPerImage))
      let code = codes.code(image: image, row: position, first: columns.first(of: Int32(label)))
      let box = coder.decode(code, against: proposals[row]).clipped(width: extent.width, height: extent.height)
      if box.width >= settings.minimumSide && box.height >= settings.minimumSide {
        suppression.append(box, score: scores[place], group: Int32(label))
      }
    }
    for place in suppression.run(threshold: settings.suppression, limit: settings.count) {
      predictions.append(
        Prediction(box: suppression.box(place), score: suppression.score(place), label: Int(suppression.group(place))))
    }
  }

  private func writeScores(_ view: RowsView, _ rule: ClassScores, rows: Int, firstRow: Int, classes: Int, threshold: Float) {
    let columns = view.classes
    if scores.count < rows * classes { scores = [Float](repeating: 0, count: rows * classes) }
    let workers = ComputePool.threadCount
    if logits.count < workers * columns { logits = [Float](repeating: 0, count: workers * columns) }
    view.buffer.withFloats { floats in
      scores.withUnsafeMutableBufferPointer { scores in
        logits.withUnsafeMutableBufferPointer { logits in
          guard let scores = scores.baseAddress, let logits = logits.baseAddress else { return }
          ComputePool.forEach(parts: workers) { worker in
            let own = logits + worker * columns
            for row in rows * worker / workers..<rows * (worker + 1) / workers {
              let (image, place) = (firstRow + row).quotientAndRemainder(dividingBy: max(1, view.rowsPerImage))
              for k in 0..<columns { own[k] = floats[view.index(image: image, row: place, class: k)] }
              rule.write(own, columns: columns, threshold: threshold, into: scores + row * classes)
            }
          }
        }
      }
    }
  }

  /// Fills the keys of the candidates in the order of rows, and says how many there are. A threshold is compared in float64.
  private func collect(rows: Int, classes: Int, threshold: Double) -> Int {
    let limit = BoxSuppression.limit(threshold)
    if starts.count < rows + 1 { starts = [Int](repeating: 0, count: rows + 1) }
    return scores.withUnsafeBufferPointer { scores in
      starts.withUnsafeMutableBufferPointer { starts in
        ComputePool.forEachRange(of: rows, minimum: 16) { range in
          for row in range {
            var count = 0
            for k in row * classes..<(row + 1) * classes where scores[k] > limit { count += 1 }
            starts[row + 1] = count
          }
        }
        starts[0] = 0
        for row in 0..<rows { starts[row + 1] += starts[row] }
        let total = starts[rows]
        if keys.count < total { keys = [UInt64](repeating: 0, count: total) }
        keys.withUnsafeMutableBufferPointer { keys in
          ComputePool.forEachRange(of: rows, minimum: 16) { range in
            for row in range {
              var next = starts[row]
              for k in row * classes..<(row + 1) * classes where scores[k] > limit {
                keys[next] = KeySelection.descending(scores[k], place: k)
                next += 1
              }
            }
          }
        }
        return total
      }
    }
  }
}
