import Images
import Tasks

/// The classes of a run with what was counted of them: the content of `classes.json`, for writing and for reading.
package struct ClassesRecord: Sendable, Equatable, Codable {
  /// One class.
  package struct Entry: Sendable, Equatable, Codable {
    /// Its number.
    package var index: Int?
    /// The class.
    package var name: String?
    /// The group that it belongs to.
    package var group: String?
    /// How many there are in the training images, in the task's unit. Its member is `trainingPixels`, as ever.
    package var trainingCount: Int
    /// Its share of all of them; nil where there are none.
    package var trainingShare: Double?
    /// Training images that it occurs in, where counted.
    package var trainingImages: Int?
    /// Its colour in pictures, as `#rrggbb`.
    package var colour: String?

    /// Creates an entry; number and share are filled in by the record.
    package init(name: String, group: String, trainingCount: Int, trainingImages: Int? = nil, colour: RGBColour) {
      (self.name, self.group, self.trainingCount) = (name, group, trainingCount)
      (self.trainingImages, self.colour) = (trainingImages, colour.hexadecimal)
    }

    private enum CodingKeys: String, CodingKey {
      case index, name, group, trainingShare, trainingImages, colour
      case trainingCount = "trainingPixels"
    }

    /// Writes a class.
    package func encode(to encoder: any Encoder) throws {
      var values = encoder.container(keyedBy: CodingKeys.self)
      try values.encode(index, forKey: .index)
      try values.encode(name, forKey: .name)
      try values.encode(group, forKey: .group)
      try values.encode(trainingCount, forKey: .trainingCount)
      try values.encode(trainingShare, forKey: .trainingShare)
      try values.encode(trainingImages, forKey: .trainingImages)
      try values.encode(colour, forKey: .colour)
    }
  }

  /// What the classes are those of; nil in runs of version 0.1.
  package var task: TaskDescription?
  /// Tells whether labels were read alike.
  package var labelMapDigest: String?
  /// How the groups came about, in words.
  package var groupRule: String?
  /// What is labelled in the training images, in the task's unit.
  package var trainingCount: Int?
  /// The classes in the data set's order.
  package var classes: [Entry]

  /// Creates a record of classes, with their numbers and shares.
  package init(_ task: TaskDescription, _ classes: [Entry], labelMapDigest: String, groupRule: String) {
    let total = classes.reduce(0) { $0 + $1.trainingCount }
    (self.task, self.labelMapDigest, self.groupRule, trainingCount) = (task, labelMapDigest, groupRule, total)
    self.classes = classes.enumerated().map { index, entry in
      var entry = entry
      entry.index = index
      entry.trainingShare = total > 0 ? Double(entry.trainingCount) / Double(total) : nil
      return entry
    }
  }

  private enum CodingKeys: String, CodingKey {
    case task, labelMapDigest, groupRule, classes
    case trainingCount = "trainingPixels"
  }
}

/// The best values of watched scores so far, with their steps: the content of `best.json`, for writing and for reading.
package struct BestRecord: Sendable, Equatable, Codable {
  /// The best value of a score.
  package struct Entry: Sendable, Equatable, Codable {
    /// The value.
    package var value: Double
    /// The step that it was reached at.
    package var step: Int

    /// Creates an entry.
    package init(value: Double, step: Int) { (self.value, self.step) = (value, step) }
  }

  /// By the score's name, in order.
  package var scores: [(name: String, entry: Entry)]

  /// Creates a best record.
  package init(_ scores: [(name: String, entry: Entry)]) { self.scores = scores }

  /// Reads them, in the order of their names.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: RecordKey.self)
    scores = try container.allKeys.sorted { $0.stringValue < $1.stringValue }.map {
      ($0.stringValue, try container.decode(Entry.self, forKey: $0))
    }
  }

  /// Writes them.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: RecordKey.self)
    for score in scores { try container.encode(score.entry, forKey: RecordKey(score.name)) }
  }

  /// Whether all is equal.
  package static func == (one: BestRecord, other: BestRecord) -> Bool {
    one.scores.elementsEqual(other.scores) { $0.name == $1.name && $0.entry == $1.entry }
  }
}
