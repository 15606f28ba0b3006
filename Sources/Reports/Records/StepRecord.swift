/// What is known after a step of training: a line of `log.jsonl`, for writing and for reading.
package struct StepRecord: Sendable, Equatable {
  /// What was not finite in a step that was left out.
  package struct NotFinite: Sendable, Equatable {
    /// The loss, or the gradient.
    package var quantity: String
    /// The ranks where it began.
    package var ranks: [Int]
    /// The first such tensor, in words; nil where only the sum over the ranks overflowed.
    package var tensor: String?
    /// Names of the samples.
    package var samples: [String]
    /// Labelled rows of the global batch, by class.
    package var rows: [NamedNumber]
    /// Ignored rows of it.
    package var ignoredRows: Int

    /// Creates a finding.
    package init(quantity: String, ranks: [Int], tensor: String?, samples: [String], rows: [NamedNumber], ignoredRows: Int) {
      (self.quantity, self.ranks, self.tensor, self.samples) = (quantity, ranks, tensor, samples)
      (self.rows, self.ignoredRows) = (rows, ignoredRows)
    }
  }

  /// Steps done, this one included: the first step is 1.
  package var step = 0
  /// Steps of the whole run; not in the file.
  package var totalSteps = 0
  /// The epoch of this step, from 1.
  package var epoch = 0
  /// Epochs of the whole run; not in the file.
  package var totalEpochs = 0
  /// Images that the run has used up to here, over all ranks.
  package var samples = 0
  /// Images of this step, over all ranks; 0 where an early line lacks it.
  package var images = 0
  /// Labelled rows of this step, over all ranks: pixels, or images. Its member is `validPixels`, as ever.
  package var validRows = 0
  /// The loss of the global batch.
  package var loss = 0.0
  /// What the loss is made of, where the objective has parts.
  package var terms: [NamedNumber] = []
  /// The learning rate of this step; nil where an early line lacks it.
  package var learningRate: Double?
  /// The norm of the whole gradient before clipping.
  package var gradientNorm: Double?
  /// Whether the step was left out because something about it was wrong.
  package var isSkipped = false
  /// What was not finite, when the step was left out for that.
  package var notFinite: NotFinite?
  /// What was far above the steps before, such as `loss`, with its score.
  package var spikes: [NamedNumber] = []
  /// Bytes that this rank handed to reductions.
  package var bytesReduced = 0
  /// Seconds of the whole step.
  package var seconds = 0.0
  /// Seconds by phase, such as `data`, `forward`, `backward`, `reduce`, `update`.
  package var phases: [NamedNumber] = []

  /// A record of zeros.
  package init() {}

  /// The loss, where the step counted; not a number where it was left out.
  package var countedLoss: Double { isSkipped ? .nan : loss }
}

extension StepRecord: Codable {
  private enum CodingKeys: String, CodingKey {
    case step, epoch, samples, images, validPixels, loss, terms, learningRate, gradientNorm, skipped, notFinite, spikes, bytesReduced, time
  }

  /// Reads a line. What early lines do not have keeps its default.
  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init()
    step = try values.decode(Int.self, forKey: .step)
    epoch = try values.decode(Int.self, forKey: .epoch)
    samples = try values.decodeIfPresent(Int.self, forKey: .samples) ?? 0
    images = try values.decodeIfPresent(Int.self, forKey: .images) ?? 0
    validRows = try values.decodeIfPresent(Int.self, forKey: .validPixels) ?? 0
    isSkipped = try values.decodeIfPresent(Bool.self, forKey: .skipped) ?? false
    if isSkipped {
      loss = (try? values.decode(Double.self, forKey: .loss)) ?? .nan
    } else {
      loss = try values.decode(Double.self, forKey: .loss)
    }
    terms = try values.decodeIfPresent(NamedNumbers.self, forKey: .terms)?.values ?? []
    learningRate = try values.decodeIfPresent(Double.self, forKey: .learningRate)
    gradientNorm = try? values.decodeIfPresent(Double.self, forKey: .gradientNorm)
    notFinite = try values.decodeIfPresent(NotFinite.self, forKey: .notFinite)
    spikes = try values.decodeIfPresent(NamedNumbers.self, forKey: .spikes)?.values ?? []
    bytesReduced = try values.decodeIfPresent(Int.self, forKey: .bytesReduced) ?? 0
    var times = try values.decode(NamedNumbers.self, forKey: .time).values
    guard let whole = times.firstIndex(where: { $0.name == "step" }) else {
      throw DecodingError.dataCorruptedError(forKey: .time, in: values, debugDescription: "the time of the step is missing")
    }
    seconds = times.remove(at: whole).value
    phases = times
  }

  /// Writes a line. All that a clock decides stands under `time`, the last member.
  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(step, forKey: .step)
    try values.encode(epoch, forKey: .epoch)
    try values.encode(samples, forKey: .samples)
    try values.encode(images, forKey: .images)
    try values.encode(validRows, forKey: .validPixels)
    try values.encode(loss, forKey: .loss)
    if !terms.isEmpty { try values.encode(NamedNumbers(terms), forKey: .terms) }
    try values.encodeIfPresent(learningRate, forKey: .learningRate)
    try values.encodeIfPresent(gradientNorm, forKey: .gradientNorm)
    if isSkipped { try values.encode(true, forKey: .skipped) }
    try values.encodeIfPresent(notFinite, forKey: .notFinite)
    if !spikes.isEmpty { try values.encode(NamedNumbers(spikes), forKey: .spikes) }
    try values.encode(bytesReduced, forKey: .bytesReduced)
    try values.encode(NamedNumbers([NamedNumber("step", seconds)] + phases), forKey: .time)
  }
}

extension StepRecord.NotFinite: Codable {
  private enum CodingKeys: String, CodingKey { case quantity, ranks, tensor, samples, pixels, ignoredPixels }

  /// Reads the member.
  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      quantity: try values.decode(String.self, forKey: .quantity), ranks: try values.decode([Int].self, forKey: .ranks),
      tensor: try values.decodeIfPresent(String.self, forKey: .tensor), samples: try values.decode([String].self, forKey: .samples),
      rows: try values.decode(NamedNumbers.self, forKey: .pixels).values,
      ignoredRows: try values.decode(Int.self, forKey: .ignoredPixels))
  }

  /// Writes the member.
  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(quantity, forKey: .quantity)
    try values.encode(ranks, forKey: .ranks)
    try values.encode(tensor, forKey: .tensor)
    try values.encode(samples, forKey: .samples)
    var classes = values.nestedContainer(keyedBy: RecordKey.self, forKey: .pixels)
    for row in rows { try classes.encode(Int(row.value), forKey: RecordKey(row.name)) }
    try values.encode(ignoredRows, forKey: .ignoredPixels)
  }
}
