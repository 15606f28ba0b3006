/// Non-maximum suppression: of boxes that overlap too much, the one with the highest score stays.
///
/// Boxes are taken in order of descending score, of equal ones the first; one whose IoU with a box that was kept is above the threshold is
/// dropped. Boxes of different groups (classes, levels) never touch. An empty box drops nothing and is not dropped.
/// Overlaps are formed in float32 in torchvision's order, and compared with the threshold in float64. Cost: boxes times kept boxes of a
/// group.
package enum BoxSuppression {
  /// The largest float32 that is not above a threshold: what is larger is above it in float64, too.
  static func limit(_ threshold: Double) -> Float {
    let limit = Float(threshold)
    return Double(limit) > threshold ? limit.nextDown : limit
  }

  /// Says which boxes of a group stay.
  /// - Parameters:
  ///   - boxes: in order of descending score.
  ///   - threshold: the largest IoU that two boxes may have.
  ///   - room: working memory of `floatCount(boxes.count)` floats.
  ///   - keep: one flag a box, overwritten.
  package static func suppress(
    _ boxes: UnsafeBufferPointer<CornerBox>, threshold: Double, room: UnsafeMutablePointer<Float>, keep: UnsafeMutablePointer<Bool>
  ) {
    let limit = Self.limit(threshold)
    let stride = (boxes.count + 7) / 8 * 8
    var kept = 0
    for place in boxes.indices {
      let box = boxes[place]
      let area = (box.right - box.left) * (box.bottom - box.top)
      var isDropped = false
      var first = 0
      // Lanes beyond the kept boxes hold empty ones far away.
      while first < kept && !isDropped {
        let left = load(room + first)
        let top = load(room + stride + first)
        let right = load(room + 2 * stride + first)
        let bottom = load(room + 3 * stride + first)
        let areas = load(room + 4 * stride + first)
        let zero = SIMD8<Float>.zero
        var across = pointwiseMin(right, SIMD8(repeating: box.right)) - pointwiseMax(left, SIMD8(repeating: box.left))
        var down = pointwiseMin(bottom, SIMD8(repeating: box.bottom)) - pointwiseMax(top, SIMD8(repeating: box.top))
        across = pointwiseMax(zero, across)
        down = pointwiseMax(zero, down)
        let intersection = across * down
        let overlap = intersection / (areas + area - intersection)
        isDropped = any(overlap .> SIMD8(repeating: limit))
        first += 8
      }
      keep[place] = !isDropped
      if isDropped { continue }
      if kept % 8 == 0 {
        for row in 0..<5 { store(SIMD8<Float>.zero, room + row * stride + kept) }
      }
      room[kept] = box.left
      room[stride + kept] = box.top
      room[2 * stride + kept] = box.right
      room[3 * stride + kept] = box.bottom
      room[4 * stride + kept] = area
      kept += 1
    }
  }

  /// Floats of working memory for this many boxes.
  package static func floatCount(_ boxes: Int) -> Int { 5 * ((boxes + 7) / 8 * 8) }

  @inline(__always)
  private static func load(_ p: UnsafeMutablePointer<Float>) -> SIMD8<Float> { UnsafeRawPointer(p).loadUnaligned(as: SIMD8<Float>.self) }
  @inline(__always)
  private static func store(_ value: SIMD8<Float>, _ p: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(p).storeBytes(of: value, as: SIMD8<Float>.self)
  }

  /// Which boxes stay, in order of descending score: groups on all threads.
  /// - Parameters:
  ///   - boxes: in any order.
  ///   - scores: one a box.
  ///   - groups: one a box: its class or level, from 0 on; nil for one group.
  ///   - threshold: the largest IoU that two boxes of a group may have.
  /// - Returns: places, by score; of equal scores the first.
  package static func keep(_ boxes: [CornerBox], scores: [Float], groups: [Int32]? = nil, threshold: Double) -> [Int] {
    let suppression = GroupedSuppression()
    suppression.begin(capacity: boxes.count)
    for place in boxes.indices { suppression.append(boxes[place], score: scores[place], group: groups?[place] ?? 0) }
    return suppression.run(threshold: threshold, limit: boxes.count)
  }
}
