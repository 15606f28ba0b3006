import Threading

/// Says which target a box belongs to, by intersection over union.
///
/// A box takes the target that it overlaps most, of equal ones the first; with less than `low` it is background, with less than `high` it
/// counts for nothing. With `keepsBest` every target gets back the boxes that overlap it most, ties included: such a box counts for its own
/// best target, which may be another one. A target that overlaps no box makes all of them its best with an overlap of 0: drop it before.
/// Source: torchvision's `Matcher`. Cost: targets times boxes, twice with `keepsBest`; no table of overlaps is kept.
package struct BoxMatcher: Sendable, Equatable {
  /// From here on a box belongs to its target.
  package var high: Float
  /// Below, it is background.
  package var low: Float
  /// Whether every target keeps the boxes that overlap it most.
  package var keepsBest: Bool

  /// What a match says of a box without a target.
  package enum Match {
    /// It shows background.
    package static let background: Int32 = -1
    /// It is left out.
    package static let ignored: Int32 = -2
  }

  /// Of anchors, in the first stage.
  package static let anchors = BoxMatcher(high: 0.7, low: 0.3, keepsBest: true)
  /// Of proposals, in the second stage.
  package static let proposals = BoxMatcher(high: 0.5, low: 0.5, keepsBest: false)
  /// Of anchors, in detectors of one stage.
  package static let denseAnchors = BoxMatcher(high: 0.5, low: 0.4, keepsBest: true)

  /// Sets the thresholds.
  package init(high: Float, low: Float, keepsBest: Bool) { (self.high, self.low, self.keepsBest) = (high, low, keepsBest) }

  /// Matches boxes on all threads; the result is the same at any number of them.
  /// - Parameters:
  ///   - boxes: anchors or proposals, unclipped.
  ///   - targets: boxes of the truth, with sides above 0. Without any, everything is background.
  ///   - matches: one a box: the target's number, or a number of `Match`.
  package func match(
    _ boxes: UnsafeBufferPointer<CornerBox>, to targets: UnsafeBufferPointer<CornerBox>, into matches: UnsafeMutableBufferPointer<Int32>
  ) {
    match(BoxOverlaps(targets: targets, boxes: boxes), matches)
  }

  /// Matches by a table of overlaps, targets times boxes, row by row.
  package func match(overlaps: UnsafeBufferPointer<Float>, targets: Int, into matches: UnsafeMutableBufferPointer<Int32>) {
    precondition(overlaps.count == targets * matches.count, "a table of \(overlaps.count) overlaps for \(targets) x \(matches.count)")
    match(OverlapTable(values: overlaps, targets: targets, boxes: matches.count), matches)
  }

  private func match<Overlaps: OverlapSource>(_ overlaps: Overlaps, _ matches: UnsafeMutableBufferPointer<Int32>) {
    precondition(matches.count == overlaps.boxes, "room for \(matches.count) matches of \(overlaps.boxes) boxes")
    let (targets, boxes) = (overlaps.targets, overlaps.boxes)
    if targets == 0 {
      matches.update(repeating: Match.background)
      return
    }
    let parts = max(1, min(ComputePool.threadCount, boxes / 256))
    withUnsafeTemporaryAllocation(of: Float.self, capacity: parts * targets) { most in
      most.initialize(repeating: -1)
      ComputePool.forEach(parts: parts) { part in
        for box in boxes * part / parts..<boxes * (part + 1) / parts {
          let (best, value) = Self.best(overlaps, box, most: most.baseAddress.map { $0 + part * targets })
          matches[box] = value < low ? Match.background : value < high ? Match.ignored : best
        }
      }
      if !keepsBest { return }
      for part in 1..<max(1, parts) {
        for target in 0..<targets { most[target] = max(most[target], most[part * targets + target]) }
      }
      ComputePool.forEach(parts: parts) { part in
        for box in boxes * part / parts..<boxes * (part + 1) / parts where matches[box] < 0 {
          for target in 0..<targets where overlaps.overlap(target, box) == most[target] {
            matches[box] = Self.best(overlaps, box, most: nil).target
            break
          }
        }
      }
    }
  }

  @inline(__always)
  private static func best<Overlaps: OverlapSource>(
    _ overlaps: Overlaps, _ box: Int, most: UnsafeMutablePointer<Float>?
  ) -> (target: Int32, value: Float) {
    var (best, largest): (Int32, Float) = (0, -1)
    for target in 0..<overlaps.targets {
      let value = overlaps.overlap(target, box)
      if value > largest { (best, largest) = (Int32(truncatingIfNeeded: target), value) }
      if let most, value > most[target] { most[target] = value }
    }
    return (best, largest)
  }
}

/// Where overlaps come from. The matcher is compiled for each source.
private protocol OverlapSource {
  var targets: Int { get }
  var boxes: Int { get }
  func overlap(_ target: Int, _ box: Int) -> Float
}

/// Overlaps of boxes.
private struct BoxOverlaps: OverlapSource {
  let targetBoxes: UnsafeBufferPointer<CornerBox>
  let ownBoxes: UnsafeBufferPointer<CornerBox>

  init(targets: UnsafeBufferPointer<CornerBox>, boxes: UnsafeBufferPointer<CornerBox>) {
    (targetBoxes, ownBoxes) = (targets, boxes)
  }

  var targets: Int { targetBoxes.count }
  var boxes: Int { ownBoxes.count }

  /// As `CornerBox.intersectionOverUnion`, written out so that it is compiled into the loop.
  @inline(__always)
  func overlap(_ target: Int, _ box: Int) -> Float {
    let (a, b) = (targetBoxes[target], ownBoxes[box])
    let across = min(a.right, b.right) - max(a.left, b.left)
    let down = min(a.bottom, b.bottom) - max(a.top, b.top)
    let intersection = max(0, across) * max(0, down)
    return intersection / ((a.right - a.left) * (a.bottom - a.top) + (b.right - b.left) * (b.bottom - b.top) - intersection)
  }
}

/// Overlaps that are given.
private struct OverlapTable: OverlapSource {
  let values: UnsafeBufferPointer<Float>
  let targets: Int
  let boxes: Int

  @inline(__always)
  func overlap(_ target: Int, _ box: Int) -> Float { values[target &* boxes &+ box] }
}
