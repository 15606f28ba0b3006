import Foundation

/// Where a run stands, beside its numbers: everything that resuming, judging and reporting need to know. Stored as `run.json`.
///
/// Fields that a file does not have take their defaults, so that fields can be added without a new format version.
package struct RunRecord: Sendable, Equatable, Codable {
  /// The format that this build writes, and the newest that it reads.
  package static let currentFormatVersion = 1

  /// The best value of a metric so far.
  package struct Best: Sendable, Equatable, Codable {
    /// The metric's name, as the task names it.
    package var metric: String
    /// Its value.
    package var value: Double
    /// The step it was reached at.
    package var step: Int

    /// Creates a best value.
    package init(metric: String, value: Double, step: Int) {
      self.metric = metric
      self.value = value
      self.step = step
    }
  }

  /// How long a score has not got better, as early stopping counts it.
  package struct EarlyStopping: Sendable, Equatable, Codable {
    /// The value that has to be bettered; nil before there was one.
    package var reference: Double?
    /// The step of that value.
    package var referenceStep: Int
    /// Evaluations since then.
    package var evaluationsWithoutProgress: Int

    /// Creates the state of early stopping.
    package init(reference: Double? = nil, referenceStep: Int = 0, evaluationsWithoutProgress: Int = 0) {
      self.reference = reference
      self.referenceStep = referenceStep
      self.evaluationsWithoutProgress = evaluationsWithoutProgress
    }
  }

  /// Version of the checkpoint's format.
  package var formatVersion = RunRecord.currentFormatVersion
  /// Optimizer steps done since the run began.
  package var globalStep = 0
  /// Epochs completed.
  package var epoch = 0
  /// Samples that entered a step since the run began; the position in the data follows from it alone.
  package var consumedSamples = 0
  /// The run's seed.
  package var seed: UInt64 = 0
  /// SHA-256 of the effective configuration, hexadecimal.
  package var configurationDigest = ""
  /// The effective configuration, as text.
  package var configurationText = ""
  /// Ranks that wrote it.
  package var worldSize = 1
  /// Compute threads of each rank: part of what decides the last bits of a result.
  package var threadsPerRank = 1
  /// The task that the network is trained for; empty in checkpoints from before there were several.
  package var task = ""
  /// Class names, in the order of the network's outputs.
  package var classNames: [String] = []
  /// Class colours as `#rrggbb`, in the same order, so that predicting needs no data set. Empty in checkpoints from before they were
  /// recorded.
  package var classColours: [String] = []
  /// The number of each class in the data set's own files, which results are written with. Empty where they give none, and in checkpoints from
  /// before they were recorded.
  package var classNumbers: [Int] = []
  /// `head`, `medium` or `tail` for each class, where known.
  package var classGroups: [String] = []
  /// Labelled training pixels (images, instances) of each class, which a shift of the decision rests on. Empty in checkpoints from before
  /// they were recorded.
  package var classCounts: [Int64] = []
  /// What predicting adds to the score of each class; empty for an objective that asks for nothing.
  package var predictionOffsets: [Double] = []
  /// Versions of the program and its libraries, and the instruction set.
  package var versions: [String: String] = [:]
  /// The recorded choice of algorithms, reused on resume; its text belongs to whoever writes it.
  package var algorithmChoices = ""
  /// Metrics of the latest evaluation; may hold NaN where a class did not occur.
  package var metrics: [String: Double] = [:]
  /// The best values so far.
  package var best: [Best] = []
  /// Whether the model is what the epilogue has made of the trained one, which then lies beside the optimizer's moments.
  package var hasEpilogue = false
  /// How long the score of `training.earlyStopping` has not got better; nil where none is watched.
  package var earlyStopping: EarlyStopping?
  /// Seconds of training so far, over all starts.
  package var elapsedSeconds = 0.0
  /// Counters of the loop: evaluations without progress, steps that were not finite, log lines written.
  package var counters: [String: Int] = [:]
  /// When it was saved, in seconds since 1970. Set when published.
  package var savedAt = 0.0

  /// A record of a run that has not begun.
  package init() {}

  /// Reads a record; missing fields take their defaults.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func field<Value: Decodable>(_ key: CodingKeys, _ value: inout Value) throws {
      if let found = try container.decodeIfPresent(Value.self, forKey: key) { value = found }
    }
    formatVersion = try container.decode(Int.self, forKey: .formatVersion)
    globalStep = try container.decode(Int.self, forKey: .globalStep)
    try field(.epoch, &epoch)
    try field(.consumedSamples, &consumedSamples)
    try field(.seed, &seed)
    try field(.configurationDigest, &configurationDigest)
    try field(.configurationText, &configurationText)
    try field(.worldSize, &worldSize)
    try field(.threadsPerRank, &threadsPerRank)
    try field(.task, &task)
    try field(.classNames, &classNames)
    try field(.classColours, &classColours)
    try field(.classNumbers, &classNumbers)
    try field(.classGroups, &classGroups)
    try field(.classCounts, &classCounts)
    try field(.predictionOffsets, &predictionOffsets)
    try field(.versions, &versions)
    try field(.algorithmChoices, &algorithmChoices)
    try field(.metrics, &metrics)
    try field(.best, &best)
    try field(.hasEpilogue, &hasEpilogue)
    earlyStopping = try container.decodeIfPresent(EarlyStopping.self, forKey: .earlyStopping)
    try field(.elapsedSeconds, &elapsedSeconds)
    try field(.counters, &counters)
    try field(.savedAt, &savedAt)
  }

  private enum CodingKeys: String, CodingKey {
    case formatVersion, globalStep, epoch, consumedSamples, seed, configurationDigest, configurationText, worldSize, threadsPerRank
    case task, classNames, classColours, classNumbers, classGroups, classCounts, predictionOffsets
    case versions, algorithmChoices, metrics, best, hasEpilogue, earlyStopping, elapsedSeconds, counters, savedAt
  }
}

/// JSON as checkpoints hold it: keys sorted, NaN and infinity as text.
enum CheckpointJSON {
  static func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return Array(try encoder.encode(value)) + [10]
  }

  static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try decoder.decode(type, from: Data(bytes))
  }
}
