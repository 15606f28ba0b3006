/// What the matches of one class over all images come to.
struct ClassTally: Sendable {
  /// Objects that count, by area.
  var counted: [Int]
  /// Sums of precision over the recalls, by area and threshold; of an area without objects they mean nothing.
  var precisionSums: [Double]
  /// Recall with the most detections, by area and threshold.
  var recalls: [Double]
  /// Over all areas: recall by limit and threshold.
  var limitedRecalls: [Double]
  /// Over all areas: precision by threshold and recall.
  var precision: [Double] = []
  /// Detections that took part.
  var detectionCount = 0
  /// Those that share their score with another of the same image and class.
  var tiedCount = 0

  /// A detection over all images.
  struct Entry {
    var score: Double
    /// Its place among those of its image, from 0.
    var rank: Int32
    var outcome: ImageMatcher.Outcome
  }

  /// Adds up.
  /// - Parameters:
  ///   - entries: in the order of images and ranks.
  ///   - counted: objects that count, by area.
  ///   - limits: as in the rules.
  init(_ entries: [Entry], counted: [Int], limits: [Int]) {
    let (areas, thresholds) = (DetectionRules.areas.count, DetectionRules.thresholds.count)
    let recallLevels = DetectionRules.recalls
    self.counted = counted
    detectionCount = entries.count
    precisionSums = [Double](repeating: 0, count: areas * thresholds)
    recalls = [Double](repeating: 0, count: areas * thresholds)
    limitedRecalls = [Double](repeating: 0, count: limits.count * thresholds)
    guard counted[0] > 0 else { return }
    // Equal scores stay in the order of images and ranks.
    let order = entries.indices.sorted { entries[$0].score != entries[$1].score ? entries[$0].score > entries[$1].score : $0 < $1 }
    precision = [Double](repeating: 0, count: thresholds * recallLevels.count)
    var precisions: [Double] = []
    for a in 0..<areas where counted[a] > 0 {
      for t in 0..<thresholds {
        let bit = UInt64(1) << UInt64(a * thresholds + t)
        var (found, missed) = (0.0, 0.0)
        // Precision changes for the better at finds alone: the others need not be kept.
        precisions.removeAll(keepingCapacity: true)
        for k in order where entries[k].outcome.ignored & bit == 0 {
          if entries[k].outcome.found & bit != 0 {
            found += 1
            precisions.append(found / (missed + found + .ulpOfOne))
          } else {
            missed += 1
          }
        }
        recalls[a * thresholds + t] = found / Double(counted[a])
        var k = precisions.count - 2
        while k >= 0 {
          precisions[k] = max(precisions[k], precisions[k + 1])
          k -= 1
        }
        var (sum, place) = (0.0, 0)
        for (r, level) in recallLevels.enumerated() {
          while place < precisions.count, Double(place + 1) / Double(counted[a]) < level { place += 1 }
          if place == precisions.count { break }
          sum += precisions[place]
          if a == 0 { precision[t * recallLevels.count + r] = precisions[place] }
        }
        precisionSums[a * thresholds + t] = sum
      }
    }
    for (m, limit) in limits.enumerated() {
      for t in 0..<thresholds {
        let bit = UInt64(1) << UInt64(t)
        let found = entries.count { Int($0.rank) < limit && $0.outcome.found & bit != 0 && $0.outcome.ignored & bit == 0 }
        limitedRecalls[m * thresholds + t] = Double(found) / Double(counted[0])
      }
    }
  }
}
