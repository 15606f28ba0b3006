import Exchange
import Foundation
import Images
import Tasks
import Tensors

/// A run as TensorBoard shows it: numbers of every step and of every evaluation, and after each evaluation predictions and the
/// distribution of every layer's parameters.
package final class TensorBoardLog {
  private let file: EventFile
  /// What was cut off the file because it could not be read.
  package var damage: String? { file.damage.map { "\(file.path): \($0)" } }

  /// Opens the event file of a run.
  /// - Parameter firstStep: events of this step and of later ones will be written again, and are removed.
  /// - Throws: `LongtailError(.inputOutput)`.
  package init(_ directory: RunDirectory, cuttingFrom firstStep: Int) throws {
    file = try EventFile(directory: directory.file("tensorboard"), cuttingFrom: firstStep)
  }

  private func append(_ step: Int, _ values: [(tag: String, value: Event.Value)]) throws {
    try file.append(Event(step: step, wallTime: Date().timeIntervalSince1970, values: values))
  }

  /// Loss, learning rate and norm of the gradient. A step that was left out writes nothing.
  package func note(_ record: StepRecord) throws {
    if record.isSkipped { return }
    try append(
      record.step,
      [
        ("train/loss", .scalar(record.loss)), ("train/learningRate", .scalar(record.learningRate ?? .nan)),
        ("train/gradientNorm", .scalar(record.gradientNorm ?? .nan)), ("train/epoch", .scalar(Double(record.epoch))),
      ])
  }

  /// The scores of an evaluation that are defined.
  package func note(_ record: EvaluationRecord) throws {
    var values: [(tag: String, value: Event.Value)] = []
    for score in record.scores where score.kind.rank != .unlisted {
      guard let value = score.value else { continue }
      // The main score has the name that people read; groups follow it.
      switch score.subject {
      case .whole: values.append(("evaluation/\(score.kind.rank == .main ? score.kind.title : score.name)", .scalar(value)))
      case .group(let name): values.append(("evaluation/\(score.kind.title) \(name)", .scalar(value)))
      case .class: continue
      }
    }
    if let main = record.task.mainOfClasses, record.classes.count <= ClassTable.mostListed {
      for entry in record.classes { if let value = entry.value(main) { values.append(("\(main.title)/\(entry.name)", .scalar(value))) } }
    }
    try append(record.step, values)
  }

  /// Pictures of input, truth and prediction.
  /// - Parameter panels: with the images' names.
  package func note(step: Int, _ panels: [(name: String, panel: Panel)]) throws {
    for (name, panel) in panels {
      let picture = try panel.image()
      try append(
        step,
        [("predictions/\(name)", .image(png: try picture.pngData(), width: picture.width, height: picture.height))])
    }
  }

  /// The distribution of every parameter, by layer.
  package func note(step: Int, _ parameters: [NamedTensor]) throws {
    let values = parameters.compactMap { tensor in
      Histogram(tensor.values).map { (tag: "parameters/\(tensor.name)", value: Event.Value.histogram($0)) }
    }
    try append(step, values)
  }

  /// Brings everything to the disk.
  package func synchronize() throws { try file.synchronize() }

  /// Closes the file.
  package func close() throws { try file.close() }
}
