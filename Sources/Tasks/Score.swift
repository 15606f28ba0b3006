/// A kind of score that a task gives: what it is called, and how it is to be read.
///
/// A score names itself, so that nobody outside its task's room has to know it: best checkpoints, comparisons, pages, tables and event
/// files take any task's.
public struct ScoreKind: Sendable, Hashable, Codable {
  /// Which values are the better ones.
  public enum Direction: String, Sendable, Codable {
    /// The larger ones.
    case larger
    /// The smaller ones.
    case smaller
  }

  /// What values are in.
  public enum Unit: String, Sendable, Codable {
    /// A share from 0 to 1, shown in per cent.
    case share
    /// A number without a bound.
    case number
  }

  /// What a score is over.
  public enum Scope: String, Sendable, Codable {
    /// The whole split; a score of that scope has the kind's name alone.
    case whole
    /// The classes of a group.
    case groups
    /// One class.
    case classes
  }

  /// How much of itself it shows.
  public enum Rank: String, Sendable, Codable {
    /// The one that a scope is judged by, where nothing else is said: at most one kind of a scope.
    case main
    /// It stands in tables.
    case listed
    /// It is there for those who ask for it by name.
    case unlisted
  }

  /// The name, as configurations and files have it.
  public var name: String
  /// The name, as people read it.
  public var title: String
  /// Which values are better.
  public var direction: Direction
  /// What values are in.
  public var unit: Unit
  /// What it is over.
  public var scopes: [Scope]
  /// How much of itself it shows.
  public var rank: Rank
  /// The kind whose mean over the classes it is; nil for what is no such mean.
  public var meanOf: String?

  /// Describes a kind.
  public init(
    _ name: String, title: String, direction: Direction = .larger, unit: Unit = .share, scopes: [Scope], rank: Rank = .listed,
    meanOf: String? = nil
  ) {
    (self.name, self.title, self.direction, self.unit) = (name, title, direction, unit)
    (self.scopes, self.rank, self.meanOf) = (scopes, rank, meanOf)
  }

  /// The objective over the evaluated split, which every task has.
  public static let loss = ScoreKind("loss", title: "loss", direction: .smaller, unit: .number, scopes: [.whole], rank: .unlisted)

  /// Whether `candidate` is better than `best`; an undefined or non-finite candidate never is, and anything is better than none.
  public func isBetter(_ candidate: Double?, than best: Double?) -> Bool {
    guard let candidate, candidate.isFinite else { return false }
    guard let best, best.isFinite else { return true }
    return direction == .larger ? candidate > best : candidate < best
  }

  /// The title of the score of a group or class, or of the whole: `tail mIoU`, `IoU of road`, `mIoU`.
  public func title(of subject: Score.Subject) -> String {
    switch subject {
    case .whole: title
    case .group(let group): "\(group) \(title)"
    case .class(let name): "\(title) of \(name)"
    }
  }
}

/// A score with its value.
public struct Score: Sendable, Equatable {
  /// What a score is of.
  public enum Subject: Sendable, Hashable {
    /// The whole split.
    case whole
    /// A group of classes: `tail`.
    case group(String)
    /// A class.
    case `class`(String)
  }

  /// What kind it is.
  public var kind: ScoreKind
  /// What it is of.
  public var subject: Subject
  /// The value; nil where it is undefined, as for a class that does not occur.
  public var value: Double?

  /// Creates a score.
  public init(_ kind: ScoreKind, of subject: Subject = .whole, _ value: Double?) {
    (self.kind, self.subject, self.value) = (kind, subject, value)
  }

  /// The name: that of its kind, and after a point that of the group or class.
  public var name: String { Score.name(kind, subject) }

  /// As people read it.
  public var title: String { kind.title(of: subject) }

  static func name(_ kind: ScoreKind, _ subject: Subject) -> String {
    switch subject {
    case .whole: kind.name
    case .group(let name), .class(let name): "\(kind.name).\(name)"
    }
  }
}
