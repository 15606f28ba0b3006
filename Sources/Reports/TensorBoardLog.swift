import Exchange
import Foundation
import Images
import Metrics
import Networks
import Tensors
import Training

/// What TensorBoard is told of a run: numbers of every step and of every evaluation, and after each evaluation predictions and the
/// distribution of every layer's parameters.
final class TensorBoardLog {
  private let file: EventFile
  /// What was cut off the file because it could not be read.
  var damage: String? { file.damage.map { "\(file.path): \($0)" } }

  /// Opens the event file of a run.
  /// - Parameter firstStep: events of this step and of later ones will be told again, and are removed.
  /// - Throws: `LongtailError(.inputOutput)`.
  init(_ directory: RunDirectory, cuttingFrom firstStep: Int) throws {
    file = try EventFile(directory: directory.file("tensorboard"), cuttingFrom: firstStep)
  }

  private func append(_ step: Int, _ values: [(tag: String, value: Event.Value)]) throws {
    try file.append(Event(step: step, wallTime: Date().timeIntervalSince1970, values: values))
  }

  /// Loss, learning rate and norm of the gradient. A step that was left out tells nothing.
  func note(_ report: StepReport) throws {
    if report.isSkipped { return }
    try append(
      report.step,
      [
        ("train/loss", .scalar(report.loss)), ("train/learningRate", .scalar(report.learningRate)),
        ("train/gradientNorm", .scalar(report.gradientNorm)), ("train/epoch", .scalar(Double(report.epoch + 1))),
      ])
  }

  /// The scores of an evaluation that are defined.
  func note(_ record: EvaluationRecord) throws {
    var values: [(tag: String, value: Event.Value)] = []
    func add(_ tag: String, _ value: Double?) { if let value { values.append((tag, .scalar(value))) } }
    add("evaluation/mIoU", record.miou)
    add("evaluation/pixelAccuracy", record.pixelAccuracy)
    add("evaluation/meanAccuracy", record.meanAccuracy)
    for group in record.groups { add("evaluation/mIoU \(group.name)", group.miou) }
    for entry in record.classes { add("IoU/\(entry.name)", entry.iou) }
    try append(record.step, values)
  }

  /// Pictures of input, truth and prediction.
  /// - Parameter panels: with the images' names.
  func note(step: Int, _ panels: [(name: String, panel: Panel)]) throws {
    for (name, panel) in panels {
      let picture = try panel.image()
      try append(
        step,
        [("predictions/\(name)", .image(png: try picture.pngData(), width: picture.width, height: picture.height))])
    }
  }

  /// The distribution of every parameter, by layer.
  func note(step: Int, _ network: Network, _ set: ParameterSet) throws {
    let values = try network.canonicalTensors(of: set.values).compactMap { tensor in
      Histogram(tensor.values).map { (tag: "parameters/\(tensor.name)", value: Event.Value.histogram($0)) }
    }
    try append(step, values)
  }

  /// Brings everything to the disk.
  func synchronize() throws { try file.synchronize() }

  /// Closes the file.
  func close() throws { try file.close() }
}
