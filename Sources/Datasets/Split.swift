/// The parts of a data set.
public enum Split: String, Sendable, Codable, CaseIterable {
  /// What the network learns from.
  case train
  /// What decides between checkpoints and settings.
  case validation
  /// What is reported in the end.
  case test

  /// Reads a name as people type it: `train`, `val` or `validation`, `test`.
  public init?(argument: String) {
    switch argument.lowercased() {
    case "train", "training": self = .train
    case "val", "validation": self = .validation
    case "test", "testing": self = .test
    default: return nil
    }
  }

  /// The short name on the command line and in folders: `train`, `val`, `test`.
  public var shortName: String { self == .validation ? "val" : rawValue }
}
