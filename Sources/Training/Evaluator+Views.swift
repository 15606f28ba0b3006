import Collectives
import Datasets
import Images
import Metrics
import Networks
import Objectives
import Tensors

extension Evaluator {
  /// Counts with several looks at each image. Collective: images are dealt out to the ranks in turn, each once.
  ///
  /// The objective's value is not taken: it is defined for the one look that training has.
  /// Cost: as `MultiViewInference`; one sum of C x C integers.
  /// - Returns: the counts over all ranks, and this rank's images.
  func countViews(_ network: Network, _ parameters: ParameterSet?, offsets: [Double]?) throws -> (ConfusionMatrix, PackedImageScores) {
    let predictor = Predictor(experiment, network: network, parameters: parameters, offsets: offsets)
    let classes = experiment.classNames.count
    var matrix = ConfusionMatrix(classes: classes)
    var images = PackedImageScores(count: experiment.dataset.count(of: split))
    for index in stride(from: communicator.rank, to: experiment.dataset.count(of: split), by: communicator.size) {
      communicator.progress.enter(.evaluate)
      let sample = try experiment.dataset.sample(split: split, index: index)
      let labels = labelsAtOriginalSize ? sample.labels : experiment.evaluationPipeline.prepared(sample).labels
      let predictions = try predictor.predictions(of: sample.image, size: ImageSize(width: labels.width, height: labels.height))
      var own = ConfusionMatrix(classes: classes)
      try own.add(
        predictions: predictions.map(Int32.init), labels: labels.labels.map { $0 == LabelImage.ignored ? -1 : Int32($0) })
      images.note(ImageScore(index: index, own))
      try matrix.merge(own)
      didCountBatch?(own)
    }
    var counts = matrix.counts
    try communicator.sum(&counts)
    return (try ConfusionMatrix(classes: classes, counts: counts), images)
  }
}
