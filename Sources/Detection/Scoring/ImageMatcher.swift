/// Matches the detections of one class in one image with what is there, for all areas and thresholds at once.
///
/// Of a detection it keeps two bits for each of 4 areas and 10 thresholds: whether it found something, and whether it is to be ignored.
struct ImageMatcher {
  /// An object that is there.
  struct Truth {
    var area: Double
    /// Ignored whatever its area is.
    var isIgnored: Bool
    /// May be found by many, and overlaps are over the detection's area.
    var isCrowd: Bool
  }

  /// What became of a detection; bit `10 area + threshold`.
  struct Outcome {
    var found: UInt64 = 0
    var ignored: UInt64 = 0
  }

  private static let thresholdCount = DetectionRules.thresholds.count
  private static let lowest = DetectionRules.thresholds.map { min($0, 1 - 1e-10) }
  /// Bits of all thresholds of each area.
  private static let areaBits = DetectionRules.areas.indices.map { ((UInt64(1) << thresholdCount) - 1) << UInt64(thresholdCount * $0) }

  private var taken: [Bool] = []
  /// Objects that overlap enough, with the overlap: counted ones first, each in the order of the file.
  private var candidates: [(truth: Int, overlap: Double)] = []

  /// Matches.
  /// - Parameters:
  ///   - areas: the detections' areas, best score first.
  ///   - truths: what is there, in the order of the file.
  ///   - overlaps: for each detection its overlap with each object; not read without objects.
  ///   - ignoresUnmatched: whether detections that find nothing are ignored (LVIS: not all instances are marked).
  ///   - outcomes: where what became of the detections goes.
  mutating func match(
    areas: [Double], truths: [Truth], overlaps: [Double], ignoresUnmatched: Bool, outcomes: UnsafeMutableBufferPointer<Outcome>
  ) {
    for (d, area) in areas.enumerated() {
      var ignored: UInt64 = 0
      for (a, range) in DetectionRules.areas.enumerated() where ignoresUnmatched || area < range.low || area > range.high {
        ignored |= Self.areaBits[a]
      }
      outcomes[d] = Outcome(found: 0, ignored: ignored)
    }
    if truths.isEmpty { return }
    for a in DetectionRules.areas.indices { match(area: a, areas.count, truths, overlaps, outcomes) }
  }

  private mutating func match(
    area a: Int, _ count: Int, _ truths: [Truth], _ overlaps: [Double], _ outcomes: UnsafeMutableBufferPointer<Outcome>
  ) {
    let range = DetectionRules.areas[a]
    func isIgnored(_ truth: Truth) -> Bool { truth.isIgnored || truth.area < range.low || truth.area > range.high }
    let thresholds = Self.thresholdCount
    taken.removeAll(keepingCapacity: true)
    taken.append(contentsOf: repeatElement(false, count: truths.count * thresholds))
    for d in 0..<count {
      candidates.removeAll(keepingCapacity: true)
      for pass in [false, true] {
        for g in truths.indices where overlaps[d * truths.count + g] >= Self.lowest[0] && isIgnored(truths[g]) == pass {
          candidates.append((g, overlaps[d * truths.count + g]))
        }
      }
      if candidates.isEmpty { continue }
      for t in 0..<thresholds {
        var best = Self.lowest[t]
        var match: (truth: Int, isIgnored: Bool)?
        for (g, overlap) in candidates {
          if taken[g * thresholds + t], !truths[g].isCrowd { continue }
          let ignored = isIgnored(truths[g])
          // What counts goes before what is ignored.
          if let match, !match.isIgnored, ignored { break }
          // Of equal overlaps the later one is taken.
          if overlap < best { continue }
          best = overlap
          match = (g, ignored)
        }
        guard let match else { continue }
        taken[match.truth * thresholds + t] = true
        let bit = UInt64(1) << UInt64(a * thresholds + t)
        outcomes[d].found |= bit
        if match.isIgnored { outcomes[d].ignored |= bit } else { outcomes[d].ignored &= ~bit }
      }
    }
  }
}
