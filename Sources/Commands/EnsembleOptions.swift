import ArgumentParser
import Collectives
import Images
import Tasks
import Tensors
import Training

/// Further networks whose probabilities are averaged with those of the first.
struct EnsembleOptions: ParsableArguments {
  @Option(
    name: .customLong("with"), parsing: .singleValue,
    help: ArgumentHelp(
      "Another run or checkpoint of the same classes, whose probabilities are averaged with the first one's; may be repeated.",
      valueName: "run"))
  var others: [String] = []

  /// The further networks, each with the preparation of images and the offsets of its own run.
  /// - Parameters:
  ///   - experiment: the first run's.
  ///   - options: how the first one was asked for; the same checkpoint is taken of the others, with the same changes of keys.
  /// - Throws: `.mismatch` for a run of other classes; whatever loading throws.
  func companions(of experiment: Experiment, like options: TrainedOptions, communicator: any Communicator) throws -> [InferenceNetwork] {
    try others.map { run in
      var own = TrainedOptions()
      (own.run, own.checkpoint, own.overrides) = (run, options.checkpoint, options.overrides)
      let (configuration, contents, path) = try own.load()
      let size = experiment.evaluationSize
      let recorded = try Experiment(configuration, recorded: contents.run, imageSize: size)
      let other = try recorded ?? Experiment(configuration)
      guard other.classNames == experiment.classNames else {
        throw LongtailError(
          .mismatch, "\(path) has \(EnsembleOptions.difference(experiment.classNames, other.classNames))",
          advice: "Average networks that were trained for the same classes in the same order.")
      }
      let offsets = try PredictionOffsets.offsets(of: other, contents, run: run, communicator)
      return other.inference(try TrainedNetwork.make(other, contents), offsets: offsets)
    }
  }

  /// The first thing in which two lists of classes differ.
  private static func difference(_ first: [String], _ other: [String]) -> String {
    if let place = zip(first, other).enumerated().first(where: { $1.0 != $1.1 }) {
      return "other classes than the first network: class \(place.offset) is \(place.element.1) there, and \(place.element.0) here"
    }
    return "\(other.count) classes apart, and the first network \(first.count)"
  }
}
