/// What happened to a class in training since the evaluation before, and how sure the network is of it now: a member of each class in a
/// line of `classes.jsonl`, where a run keeps it.
package struct ClassDiary: Sendable, Equatable {
  /// Steps since the evaluation before, those left out aside.
  package var steps: Int
  /// How many of them showed the class.
  package var stepsWithClass: Int
  /// Rows of the class in these steps, over all ranks: pixels, or images.
  package var rows: Int
  /// Its part of the classes' squared gradient norms over these steps, before any scaling; nil where none was measured.
  package var gradientShare: Double?
  /// The mean factor of the objective over the steps that showed the class; nil where none did.
  package var scale: Double?
  /// The mean probability that evaluated rows of the class give to it, from 0 to 1; nil where it was not measured.
  package var confidence: Double?
  /// Norms of what the optimizer remembers of the class's row of the classifier, by name.
  package var moments: [NamedNumber]

  /// Creates a diary.
  package init(
    steps: Int, stepsWithClass: Int, rows: Int, gradientShare: Double? = nil, scale: Double? = nil, confidence: Double? = nil,
    moments: [NamedNumber] = []
  ) {
    (self.steps, self.stepsWithClass, self.rows) = (steps, stepsWithClass, rows)
    (self.gradientShare, self.scale, self.confidence, self.moments) = (gradientShare, scale, confidence, moments)
  }
}

extension ClassDiary: Codable {
  private enum CodingKeys: String, CodingKey { case steps, stepsWithClass, rows, gradientShare, scale, confidence, moments }

  /// Reads the member.
  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      steps: try values.decode(Int.self, forKey: .steps), stepsWithClass: try values.decode(Int.self, forKey: .stepsWithClass),
      rows: try values.decode(Int.self, forKey: .rows), gradientShare: try values.decodeIfPresent(Double.self, forKey: .gradientShare),
      scale: try values.decodeIfPresent(Double.self, forKey: .scale),
      confidence: try values.decodeIfPresent(Double.self, forKey: .confidence),
      moments: try values.decodeIfPresent(NamedNumbers.self, forKey: .moments)?.values ?? [])
  }

  /// Writes the member; what is not known is left out.
  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(steps, forKey: .steps)
    try values.encode(stepsWithClass, forKey: .stepsWithClass)
    try values.encode(rows, forKey: .rows)
    try values.encodeIfPresent(gradientShare, forKey: .gradientShare)
    try values.encodeIfPresent(scale, forKey: .scale)
    try values.encodeIfPresent(confidence, forKey: .confidence)
    if !moments.isEmpty { try values.encode(NamedNumbers(moments), forKey: .moments) }
  }
}
