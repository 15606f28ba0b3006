import Collectives
import Configuration
import Datasets
import Foundation
import Images
import Metrics
import Networks
import Objectives
import Tensors

/// Runs the network over a split and counts: every rank takes its share, each image once, and the counts are summed.
public final class Evaluator {
  let experiment: Experiment
  private let groups: ClassGroups
  let communicator: any Communicator
  let split: Split
  private let predictor = RowPredictor()
  private let shifter = RowShifter()
  /// Told the counts of each batch of this rank, for metrics that are taken batch by batch.
  public var didCountBatch: ((ConfusionMatrix) -> Void)?
  var labelsAtOriginalSize: Bool { experiment.configuration.evaluation.resolution == .label }

  /// Prepares for a split.
  public init(_ experiment: Experiment, groups: ClassGroups, communicator: any Communicator, split: Split? = nil) {
    self.experiment = experiment
    self.groups = groups
    self.communicator = communicator
    self.split = split ?? experiment.evaluationSplit
  }

  /// Evaluates the network's present parameters. Collective.
  ///
  /// Cost: one forward pass an image on one of the ranks (more with `evaluation.views`); one sum of C x C integers, one of three numbers
  /// an image.
  /// - Parameters:
  ///   - parameters: the numbers that are judged; the network's own if nil.
  ///   - objective: its value over the split is reported too (not with several looks at an image), and predictions are adjusted as it says;
  ///     nil leaves both out.
  /// - Throws: `LongtailError` for files that cannot be read.
  public func evaluate(
    _ network: Network, parameters: ParameterSet? = nil, objective: (any Objective)?, step: Int, epoch: Int
  ) throws -> EvaluationReport {
    let started = Date()
    let dataset = experiment.dataset
    let count = dataset.count(of: split)
    try experiment.requireImages(in: split)
    let views = experiment.configuration.evaluation.views
    if !(views.isPlain || experiment.evaluationPipeline.fixedOutputSize.map(views.isPlain(forImagesOf:)) ?? false) {
      let (matrix, images) = try countViews(network, parameters, offsets: objective?.predictionOffsets)
      return try finished(EvaluationReport(matrix: matrix, groups: groups), images, step: step, epoch: epoch, started: started)
    }
    let classes = experiment.classNames.count
    var matrix = ConfusionMatrix(classes: classes)
    var images = PackedImageScores(count: count)
    var packed = Array(repeating: 0.0, count: objective?.packedCount ?? 0)
    var part = packed
    let size = experiment.paddedEvaluationSize
    let batch = min(experiment.configuration.evaluation.batch, max(1, (count + communicator.size - 1) / communicator.size))
    var options = BatchLoader.Options()
    options.threads = experiment.configuration.data.loader.threads
    options.batchesAhead = 2
    options.cacheBytes = 0
    options.keepsOriginalLabels = labelsAtOriginalSize
    let loader = try BatchLoader(
      source: .init(
        dataset: dataset, split: split, pipeline: experiment.evaluationPipeline,
        order: SampleOrder(seed: 0, count: count, shuffled: false),
        plan: try BatchPlan(
          sampleCount: count, globalBatch: min(count, batch * communicator.size), dropLast: false, ranks: communicator.size),
        rank: communicator.rank, height: size.height, width: size.width),
      endEpoch: 1, options: options)
    defer { loader.stop() }
    let context = StepContext(epoch: epoch, step: step, isTraining: false)
    communicator.progress.enter(.evaluate)
    while let next = try loader.next() {
      communicator.progress.enter(.evaluate)
      defer { loader.recycle(next) }
      if next.imageCount == 0 { continue }
      let plan = try network.inferencePlan(images: next.imageCount, height: size.height, width: size.width)
      try plan.forward(parameters ?? network.parameterSet, images: BatchImages(next.images))
      let logits = try plan.logits()
      if let objective, !objective.needsClassifierGram {
        try next.labels.withUnsafeBufferPointer {
          try objective.measure(
            round: objective.rounds.count - 1, LabelledRows(logits: logits, labels: $0), gradient: nil, earlier: PackedSums(),
            into: &part, at: 0, step: context)
        }
        for i in part.indices { packed[i] += part[i] }
      }
      if let offsets = objective?.predictionOffsets { try shifter.add(offsets, to: logits) }
      var own = ConfusionMatrix(classes: classes)
      try add(next, logits, to: &own, &images)
      try matrix.merge(own)
      didCountBatch?(own)
    }
    var counts = matrix.counts
    try communicator.sum(&counts)
    var report = EvaluationReport(matrix: try ConfusionMatrix(classes: classes, counts: counts), groups: groups)
    if let objective, !objective.needsClassifierGram {
      try communicator.sum(&packed)
      report.loss = try objective.result(PackedSums(packed), step: context).loss
    }
    return try finished(report, images, step: step, epoch: epoch, started: started)
  }

  /// Adds what every way of evaluating tells. Collective.
  private func finished(_ report: EvaluationReport, _ images: PackedImageScores, step: Int, epoch: Int, started: Date) throws
    -> EvaluationReport
  {
    var report = report
    var scores = images.numbers
    try communicator.sum(&scores)
    report.imageScores = PackedImageScores(numbers: scores).scores
    report.step = step
    report.epoch = epoch
    report.images = experiment.dataset.count(of: split)
    report.resolution = labelsAtOriginalSize ? "label" : "network"
    report.seconds = Date().timeIntervalSince(started)
    return report
  }

  /// Counts the pixels of a batch, image by image.
  private func add(_ batch: Batch, _ logits: RowsView, to matrix: inout ConfusionMatrix, _ scores: inout PackedImageScores) throws {
    func note(_ image: Int, _ own: ConfusionMatrix) throws {
      scores.note(ImageScore(index: batch.sampleIndices[image], own))
      try matrix.merge(own)
    }
    if !labelsAtOriginalSize {
      var predictions = [Int32](repeating: 0, count: logits.rows)
      try predictions.withUnsafeMutableBufferPointer { try predictor.predictions(of: logits, into: $0) }
      let pixels = batch.height * batch.width
      for image in 0..<batch.imageCount {
        var own = ConfusionMatrix(classes: matrix.classes)
        let range = image * pixels..<(image + 1) * pixels
        try predictions.withUnsafeBufferPointer { predictions in
          try batch.labels.withUnsafeBufferPointer { labels in
            try own.add(predictions: .init(rebasing: predictions[range]), labels: .init(rebasing: labels[range]))
          }
        }
        try note(image, own)
      }
      return
    }
    for (image, labels) in batch.originalLabels.enumerated() {
      let predictions = LogitsResampling.predictions(
        of: logits, image: image, columns: experiment.paddedEvaluationSize.width, valid: experiment.evaluationSize,
        size: ImageSize(width: labels.width, height: labels.height))
      var own = ConfusionMatrix(classes: matrix.classes)
      try own.add(
        predictions: predictions.map(Int32.init), labels: labels.labels.map { $0 == LabelImage.ignored ? -1 : Int32($0) })
      try note(image, own)
    }
  }
}
