/// What a task counts by class: its name in files, and in the words of tables.
public struct CountUnit: Sendable, Hashable, Codable {
  /// Several of them: `pixels`.
  public var name: String

  /// Names a unit.
  public init(_ name: String) { self.name = name }

  /// A class for each pixel.
  public static let pixels = CountUnit("pixels")
  /// A class for each image.
  public static let images = CountUnit("images")
  /// Objects in images.
  public static let instances = CountUnit("instances")

  /// The name with a capital, as the end of a longer name: `Pixels`.
  public var capitalized: String { name.prefix(1).uppercased() + name.dropFirst() }
}

/// What a task has to say about a network on a split: scores, and what explains them. Values alone, whatever the task counted.
public struct Evaluation: Sendable {
  /// How one class fared, beside its scores.
  public struct ClassResult: Sendable, Equatable {
    /// How many there are of the class, in the task's unit.
    public var count: Int
    /// How many were taken for the class, right or wrong.
    public var predictedCount: Int
    /// What they were taken for, when not for the class itself, the most frequent first.
    public var takenFor: [(index: Int, count: Int)]
    /// The mean probability that they get for their own class; nil where the task does not count it.
    public var ownProbability: Double?

    /// Creates a class result.
    public init(count: Int, predictedCount: Int, takenFor: [(index: Int, count: Int)] = [], ownProbability: Double? = nil) {
      (self.count, self.predictedCount, self.takenFor) = (count, predictedCount, takenFor)
      self.ownProbability = ownProbability
    }

    /// Whether all numbers are equal.
    public static func == (one: ClassResult, other: ClassResult) -> Bool {
      one.count == other.count && one.predictedCount == other.predictedCount && one.ownProbability == other.ownProbability
        && one.takenFor.elementsEqual(other.takenFor) { $0.index == $1.index && $0.count == $1.count }
    }
  }

  /// A score that another program reports, to compare with its numbers, never to judge by.
  public struct ForeignScore: Sendable {
    /// The score.
    public var score: Score
    /// What a reader has to know of it.
    public var remark: String

    /// Creates a foreign score.
    public init(_ score: Score, remark: String) { (self.score, self.remark) = (score, remark) }
  }

  /// Scores of the whole, of the groups and of the classes, in the order in which they are shown.
  public var scores: [Score]
  /// Every class, in the data set's order.
  public var classes: [ClassResult]
  /// How many classes the main score is a mean over.
  public var averagedClasses: Int
  /// Every image of the split, in its order; empty where images have no scores of their own.
  public var images: [ImageScore]
  /// What was taken for what; nil where the task has no such thing.
  public var confusions: ConfusionCounts?
  /// More that pages show.
  public var figures: [Figure]
  /// Scores of other programs, for comparisons that ask for them.
  public var foreignScores: [ForeignScore] = []

  /// Creates an evaluation.
  public init(
    scores: [Score], classes: [ClassResult] = [], averagedClasses: Int = 0, images: [ImageScore] = [], confusions: ConfusionCounts? = nil,
    figures: [Figure] = []
  ) {
    (self.scores, self.classes, self.averagedClasses) = (scores, classes, averagedClasses)
    (self.images, self.confusions, self.figures) = (images, confusions, figures)
  }
}

/// How well a network saw one image of an evaluated split: what finds the best and the worst of them.
public struct ImageScore: Sendable, Equatable {
  /// The image's place in the split.
  public var index: Int
  /// What is labelled in it, in the task's unit.
  public var count: Int
  /// How much of that is right.
  public var correctCount: Int
  /// The score, from 0 to 1, the larger the better; nil without a label.
  public var value: Double?

  /// Creates an image score.
  public init(index: Int, count: Int, correctCount: Int, value: Double?) {
    (self.index, self.count, self.correctCount, self.value) = (index, count, correctCount, value)
  }
}
