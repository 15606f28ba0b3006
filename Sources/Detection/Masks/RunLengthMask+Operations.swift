extension RunLengthMask {
  /// Pixels in both masks, and in either one.
  ///
  /// Walks both lists of runs once, without making a mask of the result.
  package func overlap(with other: RunLengthMask) -> (intersection: Int, union: Int) {
    var (intersection, union) = (0, 0)
    counts.withUnsafeBufferPointer { a in
      other.counts.withUnsafeBufferPointer { b in
        guard !a.isEmpty, !b.isEmpty else { return }
        var (leftA, leftB) = (a[0], b[0])
        var (nextA, nextB) = (1, 1)
        var (insideA, insideB) = (false, false)
        while true {
          let step = min(leftA, leftB)
          if insideA || insideB {
            union += Int(step)
            if insideA && insideB { intersection += Int(step) }
          }
          leftA -= step
          leftB -= step
          if leftA == 0, nextA < a.count {
            (leftA, insideA) = (a[nextA], !insideA)
            nextA += 1
          }
          if leftB == 0, nextB < b.count {
            (leftB, insideB) = (b[nextB], !insideB)
            nextB += 1
          }
          if leftA == 0 && leftB == 0 { return }
        }
      }
    }
    return (intersection, union)
  }

  /// Intersection over union; over this mask's own area where the other one is a crowd. 0 without a common pixel.
  package func intersectionOverUnion(with other: RunLengthMask, isCrowd: Bool = false) -> Double {
    let (intersection, union) = overlap(with: other)
    if intersection == 0 { return 0 }
    return Double(intersection) / Double(isCrowd ? area : union)
  }

  /// The union, or the intersection, of masks of one image; an empty list gives nil.
  package static func merged(_ masks: [RunLengthMask], intersect: Bool = false) -> RunLengthMask? {
    guard var result = masks.first else { return nil }
    for mask in masks.dropFirst() { result = result.merged(with: mask, intersect: intersect) }
    return result
  }

  private func merged(with other: RunLengthMask, intersect: Bool) -> RunLengthMask {
    var merged: [UInt32] = []
    merged.reserveCapacity(counts.count + other.counts.count)
    var (leftA, leftB) = (counts.first ?? 0, other.counts.first ?? 0)
    var (nextA, nextB) = (1, 1)
    var (insideA, insideB, inside) = (false, false, false)
    var length: UInt32 = 0
    while true {
      let step = min(leftA, leftB)
      length += step
      leftA -= step
      leftB -= step
      if leftA == 0, nextA < counts.count {
        (leftA, insideA) = (counts[nextA], !insideA)
        nextA += 1
      }
      if leftB == 0, nextB < other.counts.count {
        (leftB, insideB) = (other.counts[nextB], !insideB)
        nextB += 1
      }
      let isLast = leftA == 0 && leftB == 0
      let now = intersect ? insideA && insideB : insideA || insideB
      if now != inside || isLast {
        merged.append(length)
        length = 0
      }
      inside = now
      if isLast { return RunLengthMask(width: width, height: height, trusted: merged) }
    }
  }
}
