import Foundation
import Tensors
import Threading

/// A box with what a network thinks of it.
package struct ScoredBox: Sendable, Equatable {
  /// The box, inside the image.
  package var box: CornerBox
  /// From 0 to 1.
  package var score: Float
  /// The level that it was found on.
  package var level: Int

  package init(box: CornerBox, score: Float, level: Int) { (self.box, self.score, self.level) = (box, score, level) }
}

/// What the first stage hands on: of each level the anchors with the highest scores, decoded, without those that say the same.
///
/// For each image: of each level `perLevel` anchors by logit, of equal ones the first; decoded, cut to the image without its padding; sides
/// below `minimumSide` dropped; non-maximum suppression within each level; of all levels the `count` highest scores.
/// Source: torchvision's `filter_proposals`. Levels are worked on by all threads; the result is the same at any number of them.
package final class ProposalSelector {
  /// How many proposals, and which.
  package struct Settings: Sendable, Equatable {
    /// Anchors of a level before suppression.
    package var perLevel: Int
    /// Proposals of an image.
    package var count: Int
    /// The largest IoU of two proposals of a level.
    package var threshold = 0.7
    /// The least side in pixels.
    package var minimumSide: Float = 1e-3

    /// Of training: 2000 and 2000.
    package static let training = Settings(perLevel: 2000, count: 2000)
    /// Of prediction: 1000 and 1000.
    package static let prediction = Settings(perLevel: 1000, count: 1000)

    /// Sets the numbers.
    package init(perLevel: Int, count: Int, threshold: Double = 0.7) {
      (self.perLevel, self.count, self.threshold) = (perLevel, count, threshold)
    }
  }

  private let suppression = GroupedSuppression()
  private var keys: [UInt64] = []
  private var candidates: [ScoredBox] = []

  /// Has no settings; keeps working memory between calls.
  package init() {}

  /// Selects the proposals of an image.
  /// - Parameters:
  ///   - scores: logits of each level: a row a cell, a channel an anchor; or one that holds all levels, as the grid says.
  ///   - codes: of each level: four channels an anchor.
  ///   - grid: the anchors.
  ///   - image: the image in the batch.
  ///   - size: its columns and rows without padding.
  ///   - settings: how many.
  ///   - proposals: overwritten, by descending score.
  package func select(
    scores: [RowsView], codes: [RowsView], grid: AnchorGrid, image: Int, size: (width: Int, height: Int), settings: Settings,
    into proposals: inout [ScoredBox]
  ) throws {
    // One output that holds all levels stands for each of them.
    let scores = scores.count == 1 ? grid.levels.map { _ in scores[0] } : scores
    let codes = codes.count == 1 ? grid.levels.map { _ in codes[0] } : codes
    try check(scores, codes, grid, image: image)
    let wanted = grid.levels.map { min(settings.perLevel, $0.count) }
    let starts = wanted.indices.map { wanted[0..<$0].reduce(0, +) }
    let total = wanted.reduce(0, +)
    if keys.count < grid.anchors.count { keys = [UInt64](repeating: 0, count: grid.anchors.count) }
    if candidates.count < total {
      candidates = [ScoredBox](repeating: ScoredBox(box: CornerBox(0, 0, 0, 0), score: 0, level: 0), count: total)
    }
    let extent = (width: Float(size.width), height: Float(size.height))
    keys.withUnsafeMutableBufferPointer { keys in
      candidates.withUnsafeMutableBufferPointer { candidates in
        ComputePool.forEach(parts: grid.levels.count) { level in
          let place = grid.levels[level]
          let own = UnsafeMutableBufferPointer(rebasing: keys[place.first..<place.first + place.count])
          scores[level].buffer.withFloats { floats in
            for cell in 0..<place.height * place.width {
              for anchor in 0..<place.anchorsPerCell {
                let number = cell * place.anchorsPerCell + anchor
                own[number] = KeySelection.descending(
                  floats[scores[level].index(image: image, row: place.row(ofCell: cell), class: anchor)], place: number)
              }
            }
          }
          KeySelection.moveSmallest(wanted[level], of: own)
          for rank in 0..<wanted[level] {
            let (cell, anchor) = KeySelection.place(own[rank]).quotientAndRemainder(dividingBy: place.anchorsPerCell)
            let code = codes[level].code(image: image, row: place.row(ofCell: cell), first: 4 * anchor)
            let box = BoxCoder.anchors.decode(code, against: grid.anchors[place.first + cell * place.anchorsPerCell + anchor])
            let logit = scores[level].number(image: image, row: place.row(ofCell: cell), class: anchor)
            candidates[starts[level] + rank] = ScoredBox(
              box: box.clipped(width: extent.width, height: extent.height), score: 1 / (1 + expf(-logit)), level: level)
          }
        }
      }
    }
    suppression.begin(capacity: total)
    for candidate in candidates[0..<total]
    where candidate.box.width >= settings.minimumSide && candidate.box.height >= settings.minimumSide && candidate.score >= 0 {
      suppression.append(candidate.box, score: candidate.score, group: Int32(candidate.level))
    }
    proposals.removeAll(keepingCapacity: true)
    for place in suppression.run(threshold: settings.threshold, limit: settings.count) {
      proposals.append(
        ScoredBox(box: suppression.box(place), score: suppression.score(place), level: Int(suppression.group(place))))
    }
  }

  private func check(_ scores: [RowsView], _ codes: [RowsView], _ grid: AnchorGrid, image: Int) throws {
    guard scores.count == grid.levels.count, codes.count == grid.levels.count else {
      throw LongtailError(
        .internalError, "scores of \(scores.count) levels and codes of \(codes.count) for anchors of \(grid.levels.count)")
    }
    for (number, level) in grid.levels.enumerated() {
      let (own, code) = (scores[number], codes[number])
      guard own.rowsPerImage == grid.packedRows ?? level.height * level.width, own.classes == level.anchorsPerCell,
        code.rowsPerImage == own.rowsPerImage, code.classes == 4 * level.anchorsPerCell, image < min(own.images, code.images)
      else {
        throw LongtailError(
          .internalError,
          "level \(number) has \(level.height)x\(level.width) cells of \(level.anchorsPerCell) anchors, but the heads give "
            + "\(own.rowsPerImage) rows of \(own.classes) scores and \(code.rowsPerImage) of \(code.classes) codes")
      }
    }
  }
}

extension RowsView {
  /// A number of a row.
  func number(image: Int, row: Int, class k: Int) -> Float {
    buffer.withFloats { $0[index(image: image, row: row, class: k)] }
  }

  /// Four numbers of a row, from a channel on.
  func code(image: Int, row: Int, first: Int) -> SIMD4<Float> {
    buffer.withFloats { floats in
      SIMD4(
        floats[index(image: image, row: row, class: first)], floats[index(image: image, row: row, class: first + 1)],
        floats[index(image: image, row: row, class: first + 2)], floats[index(image: image, row: row, class: first + 3)])
    }
  }

  /// Sets all its memory to 0, padding included.
  func clear() {
    buffer.withFloats { floats in
      guard let base = floats.baseAddress, images > 0 else { return }
      let extent = images == 1 && imageStride == 0 ? rowsPerImage * rowStride : images * imageStride
      ComputePool.forEachRange(of: min(extent, floats.count - offset), minimum: 4096, alignment: 16) { range in
        (base + offset + range.lowerBound).update(repeating: 0, count: range.count)
      }
    }
  }
}
