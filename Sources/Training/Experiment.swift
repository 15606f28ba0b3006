import Configuration
import Datasets
import Foundation
import Images
import Models
import Networks
import Tasks
import Tensors

/// What a configuration describes, made real but for the numbers: data set, network graph, sizes, augmentation.
///
/// Training, evaluation and prediction begin with it, in one process or on every rank alike.
package struct Experiment: Sendable {
  /// The merged configuration.
  package let configuration: Configuration
  /// What the network is trained for, with its data.
  package private(set) var task: any Task
  /// Samples that were left out, because of their files.
  package private(set) var skipped: [SkippedSample] = []
  /// The network that is trained: the configuration's model, as the method has it.
  package let graph: Graph
  /// How it is trained.
  package let method: any Method
  /// How training samples become input.
  package let trainingPipeline: any InputPipeline
  /// How evaluation samples do.
  package let evaluationPipeline: any InputPipeline
  /// Extents of the images that the network is given in training, before padding.
  package let inputSize: ImageSize
  /// Extents of the images that the network is given in evaluation, before padding: crops are for training alone.
  package let evaluationSize: ImageSize
  /// The split that is evaluated.
  package let evaluationSplit: Split

  /// The images with their annotations.
  package var dataset: any ImageDataset { task.dataset }
  /// Names of the classes.
  package var classNames: [String] { dataset.classes.map(\.name) }
  /// Colours of the classes.
  package var palette: [RGBColour] { dataset.classes.map(\.colour) }

  /// Resolves names and sizes.
  /// - Throws: `LongtailError` for unknown names, missing files, sizes that cannot work.
  package init(_ configuration: Configuration) throws {
    self.configuration = configuration
    let task = try TaskRegistry.make(configuration)
    self.task = task
    if let sampler = configuration.data.sampler { try SamplerRegistry.check(sampler.name, settings: sampler.settings) }
    let dataset = task.dataset
    method = try MethodRegistry.make(configuration)
    graph = try method.graph(task.graph ?? ModelRegistry.make(configuration.model, classes: dataset.classes.count))
    try task.requireNetwork(graph)
    let table = task.scoreTable(groups: task.groupNames)
    _ = try BestScores(watching: configuration.checkpoint.best, of: table)
    if let stopping = configuration.training.earlyStopping { _ = try EarlyStopping(stopping, of: table) }
    guard let split = Split(argument: configuration.evaluation.split) else {
      throw LongtailError(.usage, "evaluation.split is '\(configuration.evaluation.split)'", advice: "Known: train, val, test.")
    }
    evaluationSplit = split
    let pipelines = try Experiment.pipelines(configuration, task, method)
    (trainingPipeline, evaluationPipeline) = (pipelines.training, pipelines.evaluation)
    if let size = pipelines.training.fixedOutputSize {
      inputSize = size
    } else {
      guard dataset.count(of: .train) > 0 else {
        throw LongtailError(.missingInput, "data set '\(dataset.name)' has no training images", advice: "Check data.root.")
      }
      inputSize = try Experiment.firstSize(dataset, .train, configuration.data.badFiles)
    }
    evaluationSize =
      try pipelines.evaluation.fixedOutputSize
      ?? (dataset.count(of: split) > 0 ? Experiment.firstSize(dataset, split, configuration.data.badFiles) : inputSize)
  }

  /// The size of the first image whose file can be used.
  private static func firstSize(
    _ dataset: any ImageDataset, _ split: Split, _ badFiles: Configuration.DataSet.BadFiles
  ) throws -> ImageSize {
    if badFiles == .skip {
      for index in 0..<dataset.count(of: split) {
        if let size = try? dataset.imageSize(split: split, index: index) { return size }
      }
    }
    return try dataset.imageSize(split: split, index: 0)
  }

  /// The same experiment without some samples.
  func without(_ samples: [SkippedSample]) -> Experiment {
    var result = self
    result.skipped += samples
    result.task = task.without(Dictionary(grouping: samples, by: \.split).mapValues { Set($0.map(\.file.index)) })
    return result
  }

  /// An experiment without a split to evaluate, whose images have a known size.
  init(configuration: Configuration, task: any Task, graph: Graph, imageSize: ImageSize) throws {
    self.configuration = configuration
    self.task = task
    method = try MethodRegistry.make(configuration)
    self.graph = try method.graph(graph)
    evaluationSplit = .test
    let pipelines = try Experiment.pipelines(configuration, task, method)
    (trainingPipeline, evaluationPipeline) = (pipelines.training, pipelines.evaluation)
    inputSize = trainingPipeline.fixedOutputSize ?? imageSize
    evaluationSize = evaluationPipeline.fixedOutputSize ?? imageSize
  }

  /// Extents in training with padding to what the network divides by.
  package var paddedSize: ImageSize { padded(inputSize) }
  /// Extents in evaluation with padding to what the network divides by.
  package var paddedEvaluationSize: ImageSize { padded(evaluationSize) }

  /// An image size padded to what the network divides by.
  package func padded(_ size: ImageSize) -> ImageSize {
    let multiple = graph.strideMultiple
    func up(_ value: Int) -> Int { (value + multiple - 1) / multiple * multiple }
    return ImageSize(width: up(size.width), height: up(size.height))
  }

  /// How the task's samples become input.
  /// - Throws: `LongtailError` for settings that the task cannot work with, and where the method asks for more views than there are.
  private static func pipelines(_ configuration: Configuration, _ task: any Task, _ method: any Method) throws -> InputPipelines {
    var usual = pipelines(configuration)
    usual.wantedViews = method.viewCount
    let pipelines = try task.pipelines(usual)
    if !(pipelines.training is AugmentationPipeline), !task.readsAugmentation,
      let key = (usual.training as? AugmentationPipeline)?.furtherKeys.first
    {
      throw LongtailError(
        .usage, "data.augmentation.\(key) does not serve \(task.name), which varies its images by a pipeline of its own",
        advice: "Leave the key out.")
    }
    guard pipelines.training.viewCount >= method.viewCount else {
      throw LongtailError(
        .usage,
        "method '\(configuration.method?.name ?? "plain")' looks at \(method.viewCount) views of each sample, \(task.name) gives \(pipelines.training.viewCount)",
        advice: "Choose another method.")
    }
    return pipelines
  }

  /// What settings say of any image, whatever the task.
  private static func pipelines(_ configuration: Configuration) -> InputPipelines {
    let data = configuration.data
    var pipeline = AugmentationPipeline()
    if let size = data.size { pipeline.resize = ImageSize(width: size.width, height: size.height) }
    pipeline.mean = data.mean
    pipeline.standardDeviation = data.standardDeviation
    pipeline.seed = UInt64(bitPattern: Int64(configuration.seed))
    let evaluation = pipeline
    pipeline.vary(as: data.augmentation)
    return InputPipelines(training: pipeline, evaluation: evaluation)
  }
}
