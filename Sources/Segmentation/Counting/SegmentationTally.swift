import Configuration
import Datasets
import Images
import Networks
import Objectives
import Tasks
import Tensors

/// The pixels of a split by truth and prediction, and a score for each image.
///
/// Cost: one pass over the logits; sums of C x C integers over the ranks, of three numbers an image, and of those of `Calibration`.
package struct SegmentationTally: Tally {
  /// Pixels by truth and prediction.
  package private(set) var matrix: ConfusionMatrix
  /// What the code published with PAT makes of the same batches.
  package private(set) var published = IblaMeanIntersectionOverUnion()
  /// How far probabilities can be trusted: at the network's resolution where images are judged in batches.
  private(set) var calibration: Calibration
  /// Of images that are looked at one by one.
  private(set) var ownProbability: OwnProbability
  private var images: PackedImageScores
  private let context: TallyContext
  private let dataset: any SegmentationDataset
  private let views: Configuration.Views
  private let decision: Configuration.Decision
  private let predictor = RowPredictor()

  /// Nothing counted yet.
  init(
    _ context: TallyContext, dataset: any SegmentationDataset, views: Configuration.Views, decision: Configuration.Decision = .init()
  ) {
    (self.context, self.dataset, self.views, self.decision) = (context, dataset, views, decision)
    matrix = ConfusionMatrix(classes: dataset.classes.count)
    calibration = Calibration(classes: dataset.classes.count)
    ownProbability = OwnProbability(classes: dataset.classes.count)
    images = PackedImageScores(count: dataset.count(of: context.split))
  }

  /// Counts the pixels of a batch, image by image.
  package mutating func add(_ batch: Batch, _ outputs: NetworkOutputs) throws {
    let logits = try outputs.rows(.logits)
    var whole = ConfusionMatrix(classes: matrix.classes)
    var predictions = try calibrated(logits, batch)
    if context.comparesAtOwnSize {
      for (image, annotation) in batch.annotations.enumerated() {
        let labels = try SegmentationTally.labels(annotation)
        let size = ImageSize(width: labels.width, height: labels.height)
        let predictions =
          decision.rule == .rank
          ? map(logits, image).resized(to: size).predictions(decision)
          : LogitsResampling.predictions(
            of: logits, image: image, columns: context.paddedSize.width, valid: context.imageSize, size: size)
        try note(batch.sampleIndices[image], predictions, labels, &whole)
      }
    } else {
      if decision.rule == .rank { for image in 0..<batch.imageCount { rank(logits, image, &predictions) } }
      let pixels = batch.height * batch.width
      try batch.targets.withRows { rows in
        for image in 0..<batch.imageCount {
          var own = ConfusionMatrix(classes: matrix.classes)
          let range = image * pixels..<(image + 1) * pixels
          try predictions.withUnsafeBufferPointer { predictions in
            try own.add(predictions: .init(rebasing: predictions[range]), labels: .init(rebasing: rows.labels[range]))
          }
          images.note(ImageScore(index: batch.sampleIndices[image], own))
          try whole.merge(own)
        }
      }
    }
    try matrix.merge(whole)
    published.add(batch: whole)
  }

  /// The most probable class of each row; their probabilities are noted.
  private mutating func calibrated(_ logits: RowsView, _ batch: Batch) throws -> [Int32] {
    var predictions = [Int32](repeating: 0, count: logits.rows)
    var confidences = [Float](repeating: 0, count: logits.rows)
    try predictions.withUnsafeMutableBufferPointer { predictions in
      try confidences.withUnsafeMutableBufferPointer {
        try predictor.predictions(of: logits, into: predictions, confidences: $0, temperature: decision.temperature)
      }
    }
    batch.targets.withRows { calibration.add(predictions: predictions, confidences: confidences, labels: $0.labels) }
    return predictions
  }

  /// The probabilities of one image of a batch, without padding.
  private func map(_ logits: RowsView, _ image: Int) -> ProbabilityMap {
    var map = ProbabilityMap(classes: logits.classes, size: context.imageSize)
    map.addSoftmax(
      logits, image: image, columns: context.paddedSize.width, window: context.imageSize, x: 0, y: 0, temperature: decision.temperature)
    return map
  }

  /// Replaces the classes of one image of a batch by those of a decision by rank; padding stays as it is.
  private func rank(_ logits: RowsView, _ image: Int, _ predictions: inout [Int32]) {
    let own = map(logits, image).predictions(decision)
    let (size, columns) = (context.imageSize, context.paddedSize.width)
    let first = image * columns * context.paddedSize.height
    for row in 0..<size.height {
      let start = first + row * columns
      predictions.replaceSubrange(start..<(start + size.width), with: own[(row * size.width)..<((row + 1) * size.width)])
    }
  }

  /// Counts one image, seen as often as `evaluation.views` says.
  package mutating func add(imageAt index: Int, _ network: InferenceNetwork) throws {
    let sample = try dataset.sample(split: context.split, index: index)
    let labels = context.comparesAtOwnSize ? sample.labels : labels(ofPrepared: sample)
    let (predictions, map) = try Predictor(network, views: views, decision: decision).judgement(
      of: sample.image, size: ImageSize(width: labels.width, height: labels.height), withProbabilities: true)
    if let map {
      let numbers = SegmentationTally.numbers(labels)
      calibration.add(map, labels: numbers)
      ownProbability.add(map, labels: numbers)
    }
    var own = ConfusionMatrix(classes: matrix.classes)
    try note(index, predictions, labels, &own)
    try matrix.merge(own)
    published.add(batch: own)
  }

  /// The labels of a sample as the network's input has them.
  private func labels(ofPrepared sample: Sample) -> LabelImage {
    let prepared = context.pipeline.prepared(AnnotatedImage(image: sample.image, annotation: sample.labels))
    return prepared.annotation as? LabelImage ?? sample.labels
  }

  /// Adds up what all ranks have counted.
  package mutating func reduce(over group: any TallyGroup) throws {
    var counts = matrix.counts
    try group.sum(&counts)
    matrix = try ConfusionMatrix(classes: matrix.classes, counts: counts)
    var numbers = images.numbers
    try group.sum(&numbers)
    images = PackedImageScores(numbers: numbers)
    var pairs = calibration.numbers
    try group.sum(&pairs)
    calibration = Calibration(classes: matrix.classes, numbers: pairs)
    var sure = ownProbability.numbers
    try group.sum(&sure)
    ownProbability = OwnProbability(numbers: sure)
    var means = [published.sum, Double(published.batches)]
    try group.sum(&means)
    published = IblaMeanIntersectionOverUnion(sum: means[0], batches: Int(means[1]))
  }

  /// The scores, and what explains them.
  package func evaluation() throws -> Evaluation {
    let names = dataset.classes.map(\.name)
    let (pixels, predicted) = (matrix.pixelsPerClass, matrix.predictionsPerClass)
    var evaluation = Evaluation(
      scores: matrix.scores(groups: context.groups, classNames: names),
      classes: names.indices.map { k in
        .init(
          count: Int(pixels[k]), predictedCount: Int(predicted[k]), takenFor: takenFor(k, names),
          ownProbability: ownProbability.mean(ofClass: k))
      },
      averagedClasses: matrix.meanIntersectionOverUnion.averagedClasses, images: images.scores, confusions: matrix.confusions,
      figures: calibration.figures(groups: context.groups, classNames: names))
    evaluation.foreignScores = [.init(Score(SegmentationScores.published, published.value), remark: publishedRemark)]
    return evaluation
  }

  private var publishedRemark: String {
    "ibla's own mIoU is what the code published with PAT reports: the first three classes alone, averaged over batches "
      + "(here of \(context.batch) image\(context.batch == 1 ? "" : "s")), without false positives on classes absent from a batch. "
      + "It is given to compare with that code's numbers, never to judge by."
  }

  /// The classes that a class's pixels are taken for, when not for itself, the most frequent first.
  private func takenFor(_ truth: Int, _ names: [String]) -> [(index: Int, count: Int)] {
    names.indices.filter { $0 != truth && matrix[truth: truth, prediction: $0] > 0 }
      .map { (index: $0, count: Int(matrix[truth: truth, prediction: $0])) }
      .sorted { ($1.count, names[$0.index]) < ($0.count, names[$1.index]) }
  }

  private mutating func note(_ index: Int, _ predictions: [Int32], _ labels: LabelImage, _ whole: inout ConfusionMatrix) throws {
    var own = ConfusionMatrix(classes: matrix.classes)
    try own.add(predictions: predictions, labels: SegmentationTally.numbers(labels))
    images.note(ImageScore(index: index, own))
    try whole.merge(own)
  }

  static func numbers(_ labels: LabelImage) -> [Int32] { labels.labels.map { $0 == LabelImage.ignored ? -1 : Int32($0) } }

  private static func labels(_ annotation: any Annotation) throws -> LabelImage {
    guard let labels = annotation as? LabelImage else {
      throw LongtailError(.internalError, "\(type(of: annotation)) is not a class for each pixel")
    }
    return labels
  }
}
