import Images
import Metrics
import Tensors
import Training

extension Experiment {
  /// Images of the evaluated split that show most of the rarest classes: what is worth seeing in long-tailed data.
  ///
  /// The first hundred are looked at. Of those that show enough, some are taken from all over the split, since neighbours are often frames
  /// of one film. Every run of a data set chooses the same ones.
  /// - Throws: `LongtailError` for files that cannot be read.
  public func showcase(groups: ClassGroups, count: Int) throws -> [Int] {
    let rarest = groups.classes(of: .tail)
    let scores = try (0..<min(dataset.count(of: evaluationSplit), 100)).map { index in
      let histogram = try dataset.sample(split: evaluationSplit, index: index).labels.histogram()
      return rarest.count { histogram[$0] > 0 }
    }
    guard count > 0, let enough = scores.sorted(by: >).prefix(count).last else { return [] }
    let candidates = scores.indices.filter { scores[$0] >= enough }
    let taken = min(count, candidates.count)
    return (0..<taken).map { candidates[(2 * $0 + 1) * candidates.count / (2 * taken)] }
  }
}
