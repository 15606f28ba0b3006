import Images
import Metrics
import Tensors
import Training

extension Experiment {
  /// Images of the evaluated split that show most of the rarest classes: what is worth seeing in long-tailed data.
  ///
  /// The first hundred are looked at. Every run of a data set chooses the same ones.
  /// - Throws: `LongtailError` for files that cannot be read.
  public func showcase(groups: ClassGroups, count: Int) throws -> [Int] {
    let rarest = groups.classes(of: .tail)
    var scored: [(index: Int, score: Int)] = []
    for index in 0..<min(dataset.count(of: evaluationSplit), 100) {
      let histogram = try dataset.sample(split: evaluationSplit, index: index).labels.histogram()
      scored.append((index, rarest.filter { histogram[$0] > 0 }.count))
    }
    scored.sort { ($1.score, $0.index) < ($0.score, $1.index) }
    return scored.prefix(count).map(\.index)
  }
}
