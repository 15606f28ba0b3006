import Datasets
import Images
import Tasks
import Tensors

extension SegmentationTask {
  /// Images that show most of the rarest classes: what is worth seeing in long-tailed data.
  ///
  /// The first hundred are looked at. Of those that show enough, some are taken from all over the split, since neighbours are often frames
  /// of one film. Every run of a data set chooses the same ones.
  /// - Throws: `LongtailError` for files that cannot be read.
  package func showcase(_ split: Split, groups: ClassGroups, count: Int) throws -> [Int] {
    let rarest = groups.rarest
    let scores = try (0..<min(images.count(of: split), 100)).map { index in
      let histogram = try images.sample(split: split, index: index).labels.histogram()
      return rarest.count { histogram.indices.contains($0) && histogram[$0] > 0 }
    }
    guard count > 0, let enough = scores.sorted(by: >).prefix(count).last else { return [] }
    let candidates = scores.indices.filter { scores[$0] >= enough }
    let taken = min(count, candidates.count)
    return (0..<taken).map { candidates[(2 * $0 + 1) * candidates.count / (2 * taken)] }
  }

  /// An image with its label map and the predicted one.
  package func figure(_ split: Split, index: Int, _ network: InferenceNetwork) throws -> ImageFigure {
    let sample = try images.sample(split: split, index: index)
    return ImageFigure(
      name: images.identifier(split: split, index: index), input: sample.image, truth: .labels(sample.labels),
      prediction: .labels(try Predictor(network, views: views, decision: decision).predict(sample.image)))
  }
}
