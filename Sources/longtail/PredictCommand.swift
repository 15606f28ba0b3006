import ArgumentParser
import Checkpoints
import Collectives
import Foundation
import Images
import Reports
import Tensors
import Threading
import Training

/// `longtail predict`: label images and overlays for images of one's own.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Predicts images: a label PNG and a colour overlay for each.",
    discussion: """
      NAME.png holds class numbers with the classes' colours as its palette; NAME-overlay.png shows them over the image. All that is needed \
      is in the checkpoint: the data set of the training need not be there. For large images, and for better borders: \
      --set evaluation.views.window.width=512 --set evaluation.views.window.height=512 slides a window, \
      --set evaluation.views.flip=true looks at the mirror image too, --set 'evaluation.views.scales=[0.75,1,1.25]' at several scales.
      """)

  @OptionGroup var trained: TrainedOptions

  @Argument(help: "Images, or directories of images.", completion: .file())
  var images: [String]

  @Option(help: ArgumentHelp("Where results go; made if it is missing.", valueName: "directory"))
  var output = "predictions"

  @Flag(help: "Writes NAME-probabilities.safetensors too: float32, classes x height x width.")
  var probabilities = false

  @Option(help: "How strongly the colours cover the image, from 0 to 1.")
  var opacity = 0.5

  func validate() throws {
    guard (0...1).contains(opacity) else { throw ValidationError("--opacity is \(opacity), but has to be from 0 to 1.") }
  }

  func run() throws {
    Job.run { communicator in
      try communicator.requireOneProcess(for: "predict")
      let (configuration, contents, _) = try trained.load()
      let files = try images.flatMap(expand)
      ComputePool.configure(threadCount: try configuration.engine.threads ?? communicator.threadsPerRank())
      guard let first = files.first else { return }
      let recorded = try Experiment(configuration, recorded: contents.run, imageSize: ImageSize(contentsOf: first))
      // Early checkpoints do not tell the colours of their classes.
      let experiment = try recorded ?? Experiment(configuration)
      let offsets =
        recorded == nil
        ? try countedOffsets(experiment, communicator) : contents.run.predictionOffsets.isEmpty ? nil : contents.run.predictionOffsets
      let predictor = Predictor(experiment, network: try TrainedNetwork.make(experiment, contents), offsets: offsets)
      do {
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
      } catch {
        throw LongtailError(.inputOutput, "cannot make \(output): \(error.localizedDescription)")
      }
      for file in files {
        let image = try experiment.image(contentsOf: file) { printNow("warning: \($0)\n") }
        let map = probabilities ? try predictor.probabilities(of: image) : nil
        let labels = try map.map(predictor.label) ?? predictor.predict(image)
        let stem = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
        try labels.writePNG(to: "\(output)/\(stem).png", palette: experiment.palette)
        try Overlay.blend(image, labels, palette: experiment.palette, opacity: opacity, outlines: true)
          .writePNG(to: "\(output)/\(stem)-overlay.png")
        var written = ["\(output)/\(stem).png", "\(output)/\(stem)-overlay.png"]
        if let map {
          written.append("\(output)/\(stem)-probabilities.safetensors")
          let tensor = NamedTensor(
            name: "probabilities", shape: [map.classes, map.size.height, map.size.width], values: map.values)
          try SafetensorsFile.write([tensor], metadata: ["classes": experiment.classNames.joined(separator: "\n")], to: written[2])
        }
        printNow("\(file) -> \(written.joined(separator: ", "))\n")
      }
    }
  }

  /// What the objective adds to scores, for a checkpoint that does not tell; the class counts that it rests on are read from the data set
  /// where nothing else will do.
  private func countedOffsets(_ experiment: Experiment, _ communicator: any Communicator) throws -> [Double]? {
    let objective = experiment.configuration.objective
    guard objective.name == "logitAdjustment", objective.settings["form"] != nil else { return nil }
    let record = "\(trained.run)/label-audit.json"
    let statistics = try ClassStatistics.collect(
      experiment, communicator: communicator, record: FileManager.default.fileExists(atPath: record) ? record : nil,
      threads: max(1, experiment.configuration.data.loader.threads))
    return try statistics.objective(experiment.configuration).predictionOffsets
  }

  private func expand(_ path: String) throws -> [String] {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw LongtailError(.missingInput, "there is no \(path)")
    }
    if !isDirectory.boolValue { return [path] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let found = names.filter { !$0.hasPrefix(".") && ["png", "jpg", "jpeg"].contains(($0 as NSString).pathExtension.lowercased()) }.sorted()
    guard !found.isEmpty else { throw LongtailError(.missingInput, "\(path) holds no PNG or JPEG files") }
    return found.map { "\(path)/\($0)" }
  }
}
