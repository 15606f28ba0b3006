/// An error that a person has to read: what is wrong, where, what to do, and the exit code of the process that it ends.
public struct LongtailError: Error, CustomStringConvertible, Sendable {
  /// Exit codes of the `longtail` command. They are part of its interface: documented, tested, never reused.
  public enum Code: Int32, Sendable, CaseIterable {
    /// The command line or the configuration is wrong.
    case usage = 64
    /// Data or labels are wrong.
    case badData = 65
    /// A file or directory that was asked for does not exist.
    case missingInput = 66
    /// Longtail itself is at fault.
    case internalError = 70
    /// Reading or writing failed, the disk is full.
    case inputOutput = 74
    /// Stopped on request, with a complete checkpoint; please start again.
    case stoppedOnRequest = 75
    /// The ranks no longer hold the same parameters.
    case ranksDiverged = 76
    /// A rank made no progress within its limit.
    case stalled = 77
    /// The run cannot go on from this state: the configuration differs at resume, or launcher and MPI disagree.
    case mismatch = 78
    /// Too many steps in a row gave numbers that are not finite.
    case notFinite = 79
  }

  /// The exit code.
  public let code: Code
  /// What is wrong and where: file, key, rank, with the values involved.
  public let message: String
  /// What to do about it, if that can be said.
  public let advice: String?

  /// Describes a failure.
  public init(_ code: Code, _ message: String, advice: String? = nil) {
    self.code = code
    self.message = message
    self.advice = advice
  }

  /// The message, with the advice on a line of its own.
  public var description: String { advice.map { "\(message)\n  \($0)" } ?? message }
}
