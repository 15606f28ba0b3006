import ArgumentParser
import BuiltInTasks
import Checkpoints
import Collectives
import Configuration
import Detection
import Exchange
import Foundation
import Models
import Reports
import Tensors
import Training

/// `longtail export`: a trained network as other programs read it.
struct ExportCommand: ParsableCommand {
  /// The formats.
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case safetensors
    case onnx
  }

  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Writes a trained network for other programs, as safetensors or ONNX.",
    discussion: """
      safetensors holds parameters and running statistics under the names that PyTorch's modules give them. onnx holds the whole network with \
      its weights (operator set \(ONNXGraph.operatorSet)): input "input" is float32 N,3,H,W with any number of images, output "logits" float32 \
      N,C,H,W. Of a detector it holds all: outputs "boxes", "scores" and "labels" of one image on the canvas. Class names, mean, standard deviation and how to prepare images are in the metadata of both. The data set need not be there.
      """)

  @OptionGroup var trained: TrainedOptions

  @Option(help: "The format: safetensors or onnx; by default what the file's name ends with.")
  var format: Format?

  @Option(help: ArgumentHelp("The file; an earlier export is replaced.", valueName: "file"))
  var output: String

  @Flag(help: "Also replaces a file that longtail did not write.")
  var overwrite = false

  private var chosenFormat: Format? { format ?? Format(rawValue: (output as NSString).pathExtension.lowercased()) }

  func validate() throws {
    if chosenFormat == nil { throw ValidationError("Name a --format, or an --output that ends with .safetensors or .onnx.") }
  }

  func run() throws {
    Job.run { communicator in
      try communicator.requireOneProcess(for: "export")
      let (configuration, contents, path) = try trained.load()
      try requireFreePlace()
      var names = contents.run.classNames
      // Early checkpoints do not name their classes.
      if names.isEmpty { names = try Experiment(configuration).classNames }
      var model = TrainedModel(
        graph: try Experiment.publishedGraph(configuration, contents.run, classes: names.count),
        tensors: contents.model, name: configuration.model.name, classNames: names, classColours: contents.run.classColours,
        mean: configuration.data.mean, standardDeviation: configuration.data.standardDeviation,
        predictionOffsets: contents.run.predictionOffsets)
      model.range = configuration.data.sampleRange.map { [$0.low, $0.high] }
      model.notes = [
        "longtail": Versions.longtail, "width": "\(configuration.model.width)", "objective": configuration.objective.name,
        "step": "\(contents.run.globalStep)", "data": configuration.data.name,
      ]
      if let size = configuration.data.size { model.notes["trainedSize"] = "\(size.width)x\(size.height)" }
      switch chosenFormat {
      case .onnx: try writeONNX(model, configuration)
      case .safetensors, nil: try model.writeSafetensors(to: output)
      }
      let bytes = (try? FileManager.default.attributesOfItem(atPath: output)[.size] as? Int) ?? 0
      printNow("\(path) -> \(output), \(Formatting.bytes(bytes))\n")
    }
  }

  /// A detector is written as a whole, with proposals and suppression; other networks up to their logits.
  private func writeONNX(_ model: TrainedModel, _ configuration: Configuration) throws {
    guard let (detector, input) = try Detector.described(by: configuration, classes: model.classNames.count) else {
      return try model.writeONNX(to: output)
    }
    var file = DetectorONNX(model, detector, canvas: input)
    let bytes = try file.bytes()
    do {
      try Data(bytes).write(to: URL(fileURLWithPath: output), options: .atomic)
    } catch {
      throw LongtailError(
        .inputOutput, "\(output): cannot be written: \(error.localizedDescription)", advice: "Check permissions and space.")
    }
  }

  /// Refuses to write into a checkpoint, whatever it is, and over files that are no export.
  private func requireFreePlace() throws {
    let target = URL(fileURLWithPath: output).resolvingSymlinksInPath()
    let folder = target.deletingLastPathComponent().resolvingSymlinksInPath().path
    if FileManager.default.fileExists(atPath: "\(folder)/MANIFEST.json") {
      throw LongtailError(.usage, "\(output) lies in a checkpoint, which would no longer be what it was", advice: "Name another --output.")
    }
    if overwrite { return }
    try OwnFile.requireReplaceable(output, advice: "Name another --output, or replace it with --overwrite.")
  }
}
