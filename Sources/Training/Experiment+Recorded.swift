import Checkpoints
import Configuration
import Datasets
import Images
import Models
import Tensors

extension Experiment {
  /// An experiment whose classes are those of a checkpoint, for prediction: its data set need not be there, and has no images.
  ///
  /// - Parameters:
  ///   - imageSize: extents of the first image, for a network that sees images as they are.
  /// - Throws: `LongtailError` for names that this build does not know.
  /// - Returns: nil for a checkpoint without the colours of its classes, as those of early builds.
  package init?(_ configuration: Configuration, recorded run: RunRecord, imageSize: ImageSize) throws {
    let colours = run.classColours.compactMap(RGBColour.init(hexadecimal:))
    guard !run.classNames.isEmpty, colours.count == run.classNames.count else { return nil }
    let hasNumbers = run.classNumbers.count == colours.count
    let classes = colours.indices.map { k in
      ClassInfo(name: run.classNames[k], colour: colours[k], number: hasNumbers ? run.classNumbers[k] : nil)
    }
    let task = try TaskRegistry.entry(of: configuration).recorded(configuration, classes)
    try self.init(
      configuration: configuration, task: task,
      graph: try task.graph ?? ModelRegistry.make(configuration.model, classes: run.classNames.count), imageSize: imageSize)
  }
}
