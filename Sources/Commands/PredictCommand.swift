import ArgumentParser
import Checkpoints
import Collectives
import Configuration
import Detection
import Foundation
import Images
import Reports
import Tasks
import Tensors
import Threading
import Training

/// `longtail predict`: label images and overlays for new images.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predicts images: label PNGs and colour overlays, a table of classes with contact sheets, or boxes.",
    discussion: """
      Of a network for segmentation, NAME.png holds class numbers with the classes' colours as its palette; NAME-overlay.png shows them over \
      the image. Of one for recognition, predictions.csv names the likeliest classes of each image, and sheet-001.png and so on show the \
      images with them. Of a detector, NAME-overlay.png shows the boxes, and detections.json holds them as COCO has them. Folders are read with \
      the folders in them, which the results keep. Names are worked out first: where two images would have one result, or a result would \
      take the place of an image or of a file that longtail did not write, nothing is done. An image that cannot be read is named and does \
      not keep the others from being predicted; the exit code is then 65, or 0 with --set data.badFiles=skip. All that is needed \
      is in the checkpoint: the data set of the training need not be there. For large images, and for better borders: \
      --set evaluation.views.window.width=512 --set evaluation.views.window.height=512 slides a window, \
      --set evaluation.views.flip=true adds the mirror image, --set 'evaluation.views.scales=[0.75,1,1.25]' at several scales. \
      For rare classes: --set evaluation.decision=rank chooses by expected overlap, --set evaluation.decision=shift by scores less \
      evaluation.shiftStrength times log of the class's share. With --with RUN several networks of the same classes are averaged.
      """)

  @OptionGroup var trained: TrainedOptions

  @OptionGroup var ensemble: EnsembleOptions

  @Argument(help: "Images, or directories of images.", completion: .file())
  var images: [String]

  @Option(help: ArgumentHelp("Where results go; made if it is missing.", valueName: "directory"))
  var output = "predictions"

  @Flag(help: "Replaces files in the way of results that longtail did not write, or that were changed since.")
  var overwrite = false

  @Flag(
    help:
      "Of all classes: NAME-probabilities.safetensors, float32, classes x height x width; of whole images a column each in the table.")
  var probabilities = false

  @Option(help: "Of whole images: how many of the likeliest classes the table names.")
  var top = 5

  @Option(help: "How strongly the colours cover the image, from 0 to 1.")
  var opacity = 0.5

  @Option(help: "For detectors: boxes from this score on are drawn, from 0 to 1; detections.json holds all.")
  var threshold = 0.5

  func validate() throws {
    guard top >= 1 else { throw ValidationError("--top is \(top), but has to be at least 1.") }
    guard (0...1).contains(opacity) else { throw ValidationError("--opacity is \(opacity), but has to be from 0 to 1.") }
    guard (0...1).contains(threshold) else { throw ValidationError("--threshold is \(threshold), but has to be from 0 to 1.") }
  }

  func run() throws {
    Job.finish { communicator in
      try communicator.requireOneProcess(for: "predict")
      let (configuration, contents, _) = try trained.load()
      let task = try TaskRegistry.recorded(configuration, contents.run)
      let names = { task.predictionNames(settings, count: $0) }
      let files = try PredictionFiles(images: images, output: output, overwrites: overwrite, names: names)
      for note in files.notes { printNow("\(note)\n") }
      ComputePool.configure(threadCount: try configuration.engine.threads ?? communicator.threadsPerRank())
      let experiment = try experiment(configuration, contents, files)
      let offsets = try PredictionOffsets.offsets(of: experiment, contents, run: trained.run, communicator)
      var network = experiment.inference(try TrainedNetwork.make(experiment, contents), offsets: offsets)
      network.companions = try ensemble.companions(of: experiment, like: trained, communicator: communicator)
      let writer = try experiment.task.makePredictionWriter(network, settings)
      var bad: [LongtailError] = []
      for entry in files.entries {
        let image: RGBImage
        do {
          image = try experiment.image(contentsOf: entry.image) { printNow("warning: \($0)\n") }
        } catch let error as LongtailError where error.code == .badData || error.code == .missingInput {
          printNow("\(entry.image) -> nothing: it cannot be used\n")
          bad.append(error)
          continue
        }
        if let first = entry.results.first { try Self.makeFolder((first as NSString).deletingLastPathComponent) }
        let said = try writer.write(image, named: entry.image, to: entry.results)
        let results = ([said] + entry.results).filter { !$0.isEmpty }
        printNow("\(entry.image) -> \(results.joined(separator: ", "))\n")
      }
      if bad.count < files.entries.count, !files.shared.isEmpty {
        try Self.makeFolder(output)
        for path in try writer.finish(in: output) { printNow("wrote \(path)\n") }
      }
      return report(bad, of: files.entries.count, isError: configuration.data.badFiles == .refuse)
    }
  }

  /// What was asked for.
  private var settings: PredictionOptions {
    var settings = PredictionOptions()
    (settings.probabilities, settings.opacity, settings.top, settings.threshold) = (probabilities, opacity, top, threshold)
    (settings.mark, settings.version) = (OwnFile.mark, Versions.longtail)
    return settings
  }

  private static func makeFolder(_ folder: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw LongtailError(.inputOutput, "cannot make \(folder): \(error.localizedDescription)")
    }
  }

  /// The experiment that a checkpoint describes, at the size of the first image that can be read.
  private func experiment(_ configuration: Configuration, _ contents: CheckpointContents, _ files: PredictionFiles) throws -> Experiment {
    let size = files.entries.lazy.compactMap { try? ImageSize(contentsOf: $0.image) }.first
    // With no image that can be read there is nothing to predict; the reasons are printed one by one.
    let recorded = try Experiment(configuration, recorded: contents.run, imageSize: size ?? ImageSize(width: 64, height: 64))
    // Early checkpoints do not have the colours of their classes.
    return try recorded ?? Experiment(configuration)
  }

  /// Names the images that could not be used.
  /// - Parameter isError: whether that is the command's failure; it has predicted the others all the same.
  /// - Returns: the exit code.
  private func report(_ bad: [LongtailError], of count: Int, isError: Bool) -> Int32 {
    guard let first = bad.first else { return 0 }
    let listed = bad.prefix(20).map { "\n  \($0.message)" }.joined() + (bad.count > 20 ? "\n  and \(bad.count - 20) more" : "")
    let fails = isError || bad.count == count
    var text = "\(fails ? "error" : "warning"): \(bad.count) of \(count) images cannot be used, the others are predicted:\(listed)\n"
    if bad.count == count { text = "error: none of \(count) images can be used:\(listed)\n" }
    if bad.count == 1, let advice = first.advice { text += "  \(advice)\n" }
    if fails, bad.count < count { text += "  To take such images for no failure: --set data.badFiles=skip\n" }
    FileHandle.standardError.write(Data(text.utf8))
    return fails ? first.code.rawValue : 0
  }
}
