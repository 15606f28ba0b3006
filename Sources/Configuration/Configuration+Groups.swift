import Settings
import Tensors

extension Configuration {
  /// Section `groups`: which classes count as head, medium and tail.
  ///
  /// Either two thresholds on a class's share of the labelled training pixels (0 to 1): head from `head` on, tail below `tail`,
  /// medium between; or lists of class names, where a class that is in no list is medium.
  public struct Groups: Section {
    /// The least share of a head class, or the head classes.
    public var head = Bound.share(0.10)
    /// The medium classes, where they are listed.
    public var medium: [String]?
    /// The share that tail classes stay below, or the tail classes.
    public var tail = Bound.share(0.015)

    /// One side of the grouping.
    public enum Bound: SettingConvertible {
      /// A share of the labelled training pixels, from 0 to 1.
      case share(Double)
      /// Names of classes.
      case classes([String])
    }

    /// The thresholds 0.10 and 0.015.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("head", &head, "least share of a head class (0 to 1), or a list of classes", .share)
      visitor.optionalKey("medium", &medium, "classes between, where head and tail are lists")
      visitor.key("tail", &tail, "share that tail classes stay below (0 to 1), or a list of classes", .share)
    }

    /// What does not fit together.
    public func contradictions() -> [Contradiction] {
      switch (head, tail) {
      case (.share(let high), .share(let low)):
        if medium != nil { return [Contradiction("medium", "a list needs lists of classes for head and tail too")] }
        if low > high { return [Contradiction("tail", "\(low) is above the threshold of head, \(high); swap them")] }
        return []
      case (.classes(let first), .classes(let last)):
        var seen: Set<String> = []
        for name in first + (medium ?? []) + last where !seen.insert(name).inserted {
          return [Contradiction("tail", "class \(name) is in more than one group; leave it in one")]
        }
        return []
      default:
        return [Contradiction("tail", "head and tail must be of one kind: two thresholds, or two lists of classes")]
      }
    }
  }
}

extension Configuration.Groups.Bound {
  /// What was expected.
  public static var expectation: String { "a share such as 0.1, or a list of class names" }

  /// Takes a setting over.
  public init?(setting: SettingValue) {
    if let share = setting.doubleValue {
      self = .share(share)
    } else if let names = [String](setting: setting) {
      self = .classes(names)
    } else {
      return nil
    }
  }

  /// The value to write.
  public var setting: SettingValue {
    switch self {
    case .share(let share): .double(share)
    case .classes(let names): names.setting
    }
  }
}

extension Check where Value == Configuration.Groups.Bound {
  /// A share between 0 and 1.
  static var share: Check {
    Check { bound in
      guard case .share(let share) = bound, !(0...1).contains(share) else { return nil }
      return "it must lie between 0 and 1: \(share > 1 && share <= 100 ? "write \(share) % as \(share / 100)" : "it is a share")"
    }
  }
}
