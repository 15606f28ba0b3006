import Metrics

/// A name with a number, in an order that matters.
public struct NamedNumber: Sendable, Equatable {
  /// The name.
  public var name: String
  /// The number.
  public var value: Double

  /// Names a number.
  public init(_ name: String, _ value: Double) { (self.name, self.value) = (name, value) }
}

/// What is known after a step of training.
public struct StepRecord: Sendable, Equatable {
  /// Steps done, this one included: the first step is 1.
  public var step = 0
  /// Steps of the whole run.
  public var totalSteps = 0
  /// The epoch of this step, from 1.
  public var epoch = 0
  /// Epochs of the whole run.
  public var totalEpochs = 0
  /// Images that the run has used up to here, over all ranks.
  public var samples = 0
  /// Images of this step, over all ranks.
  public var images = 0
  /// Labelled pixels of this step, over all ranks.
  public var validPixels = 0
  /// The loss of the global batch.
  public var loss = 0.0
  /// What the loss is made of, where the objective has parts.
  public var terms: [NamedNumber] = []
  /// The learning rate of this step.
  public var learningRate = 0.0
  /// The norm of the whole gradient before clipping.
  public var gradientNorm: Double?
  /// Whether the step was left out because something about it was wrong.
  public var isSkipped = false
  /// More about a step that was unusual, as members of its line.
  public var details: [JSONValue.Member] = []
  /// Bytes that this rank handed to reductions.
  public var bytesReduced = 0
  /// Seconds of the whole step.
  public var seconds = 0.0
  /// Seconds by phase, such as `data`, `forward`, `backward`, `reduce`, `update`.
  public var phases: [NamedNumber] = []

  /// A record of zeros.
  public init() {}

  /// The members of the step's line in `log.jsonl`, after `step`. All that a clock decides stands under `time`, the last of them.
  public var members: [JSONValue.Member] {
    var result: [JSONValue.Member] = [
      .init("epoch", .int(epoch)), .init("samples", .int(samples)), .init("images", .int(images)),
      .init("validPixels", .int(validPixels)), .init("loss", .double(loss)),
    ]
    if !terms.isEmpty { result.append(.init("terms", .object(terms.map { .init($0.name, .double($0.value)) }))) }
    result.append(.init("learningRate", .double(learningRate)))
    if let gradientNorm { result.append(.init("gradientNorm", .double(gradientNorm))) }
    if isSkipped { result.append(.init("skipped", .bool(true))) }
    result += details
    result.append(.init("bytesReduced", .int(bytesReduced)))
    let times = [JSONValue.Member("step", .double(seconds))] + phases.map { .init($0.name, .double($0.value)) }
    return result + [.init("time", .object(times))]
  }
}

/// How one class fared in an evaluation.
public struct ClassRecord: Sendable, Equatable {
  /// The class.
  public var name: String
  /// `head`, `medium` or `tail`.
  public var group: String
  /// Its share of the labelled training pixels, from 0 to 1, where known.
  public var trainingShare: Double?
  /// Labelled pixels of the class in the evaluated images.
  public var pixels: Int
  /// Pixels that were taken for the class, right or wrong, where a label counts.
  public var predictedPixels: Int
  /// Intersection over union, from 0 to 1; nil when the class neither occurs nor is predicted.
  public var iou: Double?
  /// Share of the class's pixels that were found (recall); nil when it does not occur.
  public var accuracy: Double?
  /// Share of the predicted pixels that are right; nil when it is never predicted.
  public var precision: Double?
  /// Its share of the sum of the classes' squared gradient norms in the last step before the evaluation, where measured.
  public var gradientShare: Double?
  /// What its pixels were taken for, when not for itself: the most frequent first, at most `mostConfusions`.
  public var takenFor: [TailDiagnosis.Confusion]

  /// How many other classes are listed in `takenFor`.
  public static let mostConfusions = 3

  /// Puts the numbers together.
  public init(
    name: String, group: String, trainingShare: Double?, pixels: Int, predictedPixels: Int, iou: Double?, accuracy: Double?,
    precision: Double?, gradientShare: Double? = nil, takenFor: [TailDiagnosis.Confusion] = []
  ) {
    (self.name, self.group, self.trainingShare) = (name, group, trainingShare)
    (self.pixels, self.predictedPixels) = (pixels, predictedPixels)
    (self.iou, self.accuracy, self.precision, self.gradientShare) = (iou, accuracy, precision, gradientShare)
    self.takenFor = takenFor
  }

  /// Pixels of the class that were found; exact, since it is a share of a whole number.
  public var correctPixels: Int { Int(((accuracy ?? 0) * Double(pixels)).rounded()) }

  /// Whether the class occurs, but was not predicted for a single pixel.
  public var isNeverPredicted: Bool { pixels > 0 && predictedPixels == 0 }
}

/// A mean over the classes of a group.
public struct GroupRecord: Sendable, Equatable {
  /// `head`, `medium` or `tail`.
  public var name: String
  /// The mean of the IoU of its classes that have one; nil when none has.
  public var miou: Double?
  /// How many classes the mean is over.
  public var averagedClasses: Int

  /// Puts the numbers together.
  public init(name: String, miou: Double?, averagedClasses: Int) {
    (self.name, self.miou, self.averagedClasses) = (name, miou, averagedClasses)
  }
}

/// The outcome of an evaluation.
public struct EvaluationRecord: Sendable, Equatable {
  /// Steps done before it.
  public var step = 0
  /// Epochs done before it.
  public var epoch = 0
  /// Images that were judged.
  public var images = 0
  /// At which size: `network` or `label`.
  public var resolution = "network"
  /// The classes, in the data set's order.
  public var classes: [ClassRecord] = []
  /// The groups, from head to tail.
  public var groups: [GroupRecord] = []
  /// The mean of the classes' IoU; nil when no class has one.
  public var miou: Double?
  /// How many classes `miou` is over.
  public var averagedClasses = 0
  /// Share of the labelled pixels that are right.
  public var pixelAccuracy: Double?
  /// The mean of the classes' accuracy.
  public var meanAccuracy: Double?
  /// Seconds that it took.
  public var seconds = 0.0

  /// An empty record.
  public init() {}

  /// The members of the evaluation's line in `classes.jsonl`, after `step`. All that a clock decides stands under `time`, the last of them.
  public var members: [JSONValue.Member] {
    [
      .init("epoch", .int(epoch)), .init("images", .int(images)), .init("resolution", .string(resolution)),
      .init("miou", .number(miou)), .init("averagedClasses", .int(averagedClasses)),
      .init("groups", .object(groups.map { .init($0.name, .number($0.miou)) })),
      .init("pixelAccuracy", .number(pixelAccuracy)), .init("meanAccuracy", .number(meanAccuracy)),
      .init("classes", .array(classes.map(\.json))), .init("time", .members(["evaluation": .double(seconds)])),
    ]
  }
}

extension ClassRecord {
  fileprivate var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("name", .string(name)), .init("group", .string(group)), .init("pixels", .int(pixels)),
      .init("predictedPixels", .int(predictedPixels)), .init("iou", .number(iou)), .init("accuracy", .number(accuracy)),
      .init("precision", .number(precision)),
    ]
    if let gradientShare { members.append(.init("gradientShare", .double(gradientShare))) }
    if !takenFor.isEmpty { members.append(.init("takenFor", .object(takenFor.map { .init($0.name, .int($0.pixels)) }))) }
    if isNeverPredicted { members.append(.init("neverPredicted", .bool(true))) }
    return .object(members)
  }
}
