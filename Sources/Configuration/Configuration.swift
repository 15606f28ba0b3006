import Settings
import Tensors

/// Everything that decides what a run does, with its defaults. Files in YAML hold any part of it; see `load`.
public struct Configuration: Section {
  /// The name of the experiment: the file's name without its ending. Not a key.
  public var name = "configuration"
  /// The number that all randomness derives from.
  public var seed = 0
  /// The run directory; empty stands for `runs/<name>`, see `outputDirectory`.
  public var output: String?
  /// What the network is trained for: `segmentation`, `recognition`, `detection`; nil for segmentation.
  public var task: String?
  /// The task of a configuration that names none.
  package static let defaultTask = "segmentation"
  /// What to train on.
  public var data = DataSet()
  /// The network.
  public var model = Model()
  /// The loss, and what it does for rare classes.
  public var objective = Objective()
  /// How the network is trained beyond one loss at its logits; nil for the task's own way.
  public var method: Method?
  /// Networks that take part in the steps without being trained; see `partnerList`.
  public var partners: List?
  /// What is minimized beside the objective; see `termList`.
  public var terms: List?
  /// What is done to the network behind the last step; see `epilogueList`.
  public var epilogue: List?
  /// How gradients change parameters.
  public var optimizer = Optimizer()
  /// How the learning rate changes over the run.
  public var schedule = Schedule()
  /// The norm to which the whole gradient is clipped, if any.
  public var gradientClipping: Double?
  /// How long, and in what batches.
  public var training = Training()
  /// When and how the network is judged.
  public var evaluation = Evaluation()
  /// Which classes count as head, medium and tail.
  public var groups = Groups()
  /// What is saved and kept.
  package var checkpoint = Checkpoint()
  /// How the numbers are computed.
  package var engine = Engine()
  /// When a run that makes no progress is reported.
  package var watchdog = Watchdog()
  /// What people see meanwhile.
  package var reporting = Reporting()
  /// What each stage of the run changes, in order; nil for a run of one stage. See `recipe`.
  package var stages: [StageSettings]?

  /// All defaults.
  public init() {}

  /// The run directory: `output`, else `runs/<name>`.
  public var outputDirectory: String { output ?? "runs/\(name)" }

  /// What does not fit together.
  public func contradictions() -> [Contradiction] {
    if training.epochs == 0, epilogue?.values.isEmpty ?? true {
      return [Contradiction("training.epochs", "0 trains nothing, and there is no `epilogue` either; give it at least 1")]
    }
    guard schedule.minimum > optimizer.learningRate else { return [] }
    return [Contradiction("schedule.minimum", "\(schedule.minimum) is above `optimizer.learningRate`, \(optimizer.learningRate)")]
  }

  /// Shows every key.
  public mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.key(
      "seed", &seed, "all randomness derives from it", .atLeast(0))
    visitor.optionalKey(
      "task", &task, "what the network is trained for: segmentation, recognition, detection; segmentation when not given", .notEmpty)
    visitor.optionalKey("output", &output, "run directory; runs/<name of the file> when not given", .path)
    visitor.section("data", &data, "what to train on")
    visitor.section("model", &model, "the network")
    visitor.section("objective", &objective, "the loss, and what it does for rare classes")
    visitor.section("method", &method, "how the network is trained beyond one loss at its logits; the task's own way when not given")
    visitor.optionalKey(
      "partners", &partners, "networks that take part without being trained, each a mapping: name, stage or file, mode, model")
    visitor.optionalKey("terms", &terms, "what is minimized beside the objective, each a mapping: objective, settings, port, weight")
    visitor.optionalKey("epilogue", &epilogue, "what is done to the network behind the last step, each a mapping: name, settings")
    visitor.section("optimizer", &optimizer, "how gradients change parameters")
    visitor.section("schedule", &schedule, "how the learning rate changes over the run")
    visitor.optionalKey(
      "gradientClipping", &gradientClipping, "largest norm of the whole gradient; none when not given",
      .above(0, "leave the key out to clip nothing"))
    visitor.section("training", &training, "how long, and in what batches")
    visitor.section("evaluation", &evaluation, "when and how the network is judged")
    visitor.section("groups", &groups, "head, medium and tail classes, by share of the labelled training pixels")
    visitor.section("checkpoint", &checkpoint, "what is saved and kept")
    visitor.section("engine", &engine, "how the numbers are computed")
    visitor.section("watchdog", &watchdog, "when a run that makes no progress is reported, and when it is ended")
    visitor.section("reporting", &reporting, "what people see meanwhile")
    visitor.optionalKey(
      "stages", &stages, "stages of the run, each a mapping: name, start {stage, only, except}, and the keys that it changes")
  }

  /// What other trainers call some keys, in lower case without `_` and `-`, for suggestions.
  static let commonNames: [String: String] = [
    "lr": "optimizer.learningRate", "batch": "training.globalBatch", "batchsize": "training.globalBatch",
    "bs": "training.globalBatch", "maxepochs": "training.epochs", "numepochs": "training.epochs", "maxsteps": "training.steps",
    "maxiters": "training.steps", "iterations": "training.steps", "loss": "objective", "criterion": "objective",
    "workers": "data.loader.threads", "numworkers": "data.loader.threads", "std": "data.standardDeviation",
    "wd": "optimizer.weightDecay", "eps": "optimizer.epsilon", "warmup": "schedule.warmup", "scheduler": "schedule",
    "gradclip": "gradientClipping", "clip": "gradientClipping", "eval": "evaluation", "dataset": "data", "network": "model",
    "backbone": "model", "workdir": "output", "outdir": "output", "outputdir": "output", "syncbn": "model.batchNorm",
    "threads": "engine.threads", "timeout": "watchdog.limit", "stall": "watchdog.warning", "loginterval": "reporting.every",
    "logging": "reporting", "tb": "reporting.tensorboard", "hflip": "data.augmentation.flip", "maxtime": "training.timeLimit",
    "walltime": "training.timeLimit",
    "skipnan": "training.nonFinite", "detectanomaly": "training.nonFinite",
  ]
}
