import Configuration
import Datasets
import Detection
import Images
import Models
import Networks
import Objectives
import Settings
import Tensors
import Training

extension TaskEntry {
  /// Boxes with classes.
  static let detection = TaskEntry(
    name: DetectionTask.name, summary: "boxes with classes", scoreKinds: DetectionTask.scoreKinds, method: FasterRCNNMethod.name,
    datasets: {
      DetectionDatasets.registry.description(
        name: "dataset", summary: "what to train on", place: "Settings are keys of `data.settings`; `root` is written as `data.root`.")
    },
    check: { configuration in
      try configuration.requireKeys(ofTask: DetectionTask.name)
      try DetectionDatasets.registry.check(configuration.data.name, configuration.data.registrySettings)
      _ = try detector(configuration, classes: 1)
    },
    make: { configuration in
      try configuration.requireKeys(ofTask: DetectionTask.name)
      if configuration.data.split != nil {
        throw LongtailError(
          .usage, "data.split divides label maps; task detection has none", advice: "Use validationShare in data.settings.")
      }
      let images = try DetectionDatasets.make(name: configuration.data.name, settings: configuration.data.registrySettings)
      return try task(images, configuration)
    },
    recorded: { configuration, classes in try task(RecordedObjects(classes: classes), configuration) },
    objective: { configuration, context in
      try RegionObjective.make(configuration.objective.name, settings: configuration.objective.settings, context: context)
    }, benchmark: .detection)

  private static func task(_ images: any DetectionDataset, _ configuration: Configuration) throws -> DetectionTask {
    let (detector, depth) = try detector(configuration, classes: images.categories.count)
    let graph = detector.graph(depth)
    return DetectionTask(
      images, detector, graph: configuration.model.batchNorm == .frozen ? graph.freezingBatchNormalization() : graph)
  }

  /// The detector that a configuration describes: its model, with the class layer that its objective needs.
  /// - Throws: `LongtailError` for a model that is no detector, and an objective that has no form over regions.
  static func detector(_ configuration: Configuration, classes: Int) throws -> (detector: Detector, depth: ResNetDepth) {
    let model = configuration.model
    guard let depth = FasterRCNNOptions.depth(ofModel: model.name) else {
      let known = ResNetDepth.allCases.map { "\(FasterRCNNOptions.modelName)-resnet\($0.rawValue)" }.joined(separator: ", ")
      throw LongtailError(.usage, "model '\(model.name)' finds no boxes", advice: "Known: \(known).")
    }
    let options = try FasterRCNNOptions.reading(model.settings, ofModel: model.name)
    return (
      Detector(options, classes: classes, form: try RegionObjective.form(of: configuration.objective.name)), depth
    )
  }
}

extension Detector {
  /// The detector that a configuration describes, and the size of its input; nil for other tasks.
  /// - Throws: `LongtailError` for a model that is no detector, or a configuration without a canvas.
  package static func described(by configuration: Configuration, classes: Int) throws -> (detector: Detector, input: ImageSize)? {
    guard configuration.task == DetectionTask.name else { return nil }
    guard let canvas = configuration.data.size else { throw LongtailError(.usage, "detection needs data.size, the canvas") }
    let (detector, depth) = try TaskEntry.detector(configuration, classes: classes)
    let multiple = detector.graph(depth).strideMultiple
    func padded(_ extent: Int) -> Int { (extent + multiple - 1) / multiple * multiple }
    return (detector, ImageSize(width: padded(canvas.width), height: padded(canvas.height)))
  }
}

/// The classes of a data set that need not be there, without images.
private struct RecordedObjects: DetectionDataset {
  let name = "recorded"
  let classes: [ClassInfo]

  var categories: CategoryTable {
    // Early checkpoints do not tell the numbers; they have been 1 to C ever since.
    CategoryTable(classes.enumerated().map { Category(id: $1.number ?? $0 + 1, name: $1.name) })
  }
  func count(of split: Split) -> Int { 0 }
  func identifier(split: Split, index: Int) -> String { "\(index)" }
  func source(split: Split, index: Int) -> String { "\(index)" }
  func objects(split: Split, index: Int) throws -> BoxAnnotation { throw noImages }
  func image(split: Split, index: Int) throws -> RGBImage { throw noImages }
  func imageSize(split: Split, index: Int) throws -> ImageSize { throw noImages }
  func fingerprint(of split: Split) throws -> [String] { [] }
  func annotations(of split: Split) throws -> AnnotationSet {
    AnnotationSet(format: .coco, images: [], categories: categories, instances: [])
  }

  private var noImages: LongtailError { LongtailError(.missingInput, "a checkpoint holds the names of classes, but no images") }
}
