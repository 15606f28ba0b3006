import Collectives
import Objectives
import Tensors
import Training

/// Which images a step of a class layer takes: functions of seed and step, over the images of all ranks.
///
/// With replacement, in proportion to an image's repeat factor, r = max(1, sqrt(t / f)) of the rarest of its classes, where f is the share
/// of images that show the class; meta images in proportion to 1 / f. Images without an object have a factor of 1, and are no meta images.
/// Source: Gupta, Dollár, Girshick, "LVIS", CVPR 2019, appendix B.
struct RegionDraws {
  private let samples: [Int]
  private let sums: [Double]
  private let metaSums: [Double]

  /// Brings together which classes the rows of each image show. Collective.
  /// - Parameter threshold: t.
  /// - Throws: `LongtailError` where no image of any rank shows an object.
  init(_ cached: CachedRegions, classes: Int, threshold: Double, _ communicator: any Communicator) throws {
    var last = [Double(cached.images.keys.max() ?? -1)]
    try communicator.maximum(&last)
    let count = Int(last[0]) + 1
    var shown = [Double](repeating: 0, count: count * classes)
    for (sample, range) in cached.images {
      for label in Set(cached.labels[range]) where label != RowLabel.background { shown[sample * classes + Int(label)] = 1 }
    }
    try communicator.sum(&shown)
    let totals = (0..<classes).map { k in (0..<count).reduce(0) { $0 + shown[$1 * classes + k] } }
    var (sum, metaSum, sums, metaSums) = (0.0, 0.0, [Double](), [Double]())
    for sample in 0..<count {
      let rarest = (0..<classes).filter { shown[sample * classes + $0] > 0 }.map { totals[$0] / Double(count) }.min()
      sum += max(1, rarest.map { (threshold / $0).squareRoot() } ?? 1)
      metaSum += rarest.map { 1 / $0 } ?? 0
      sums.append(sum)
      metaSums.append(metaSum)
    }
    guard metaSum > 0 else {
      throw LongtailError(.badData, "no training image shows an object, so that there is nothing to retrain a class layer on")
    }
    (samples, self.sums, self.metaSums) = (Array(0..<count), sums, metaSums)
  }

  /// The images of a step, over all ranks.
  func samples(step: Int, count: Int, seed: UInt64) -> [Int] {
    draw(sums, CounterRandom(seed: seed, purpose: .sampling, epoch: step, sample: 2), count)
  }

  /// The meta images of a step, over all ranks.
  func metaSamples(step: Int, count: Int, seed: UInt64) -> [Int] {
    draw(metaSums, CounterRandom(seed: seed, purpose: .sampling, epoch: step, sample: 3), count)
  }

  private func draw(_ sums: [Double], _ random: CounterRandom, _ count: Int) -> [Int] {
    guard let total = sums.last else { return [] }
    return (0..<count).map { place in
      let value = random.uniform(place) * total
      var (low, high) = (0, sums.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if sums[middle] > value { high = middle } else { low = middle + 1 }
      }
      return samples[low]
    }
  }
}
