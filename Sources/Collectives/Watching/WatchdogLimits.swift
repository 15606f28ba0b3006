/// How long a rank may stay in one phase without any sign of progress.
public struct WatchdogLimits: Equatable, Sendable {
  /// Seconds until a line on standard error says who holds the others up.
  public var warning = 60.0
  /// Seconds until the job is ended with exit code 77.
  public var limit = 1800.0
  /// The limit of phases that have one of their own, in seconds.
  public var limits: [WorkPhase: Double] = [:]

  /// A warning after a minute, the end after half an hour.
  public init() {}

  /// The limit of a phase. Reading all labels of a large data set and measuring algorithms come before the first step: unless it is set,
  /// that may take four times as long as anything later.
  public func limit(of phase: WorkPhase) -> Double { limits[phase] ?? (phase == .start ? 4 * limit : limit) }

  /// When a phase is warned of: before the first step, five times later.
  public func warning(of phase: WorkPhase) -> Double { min(phase == .start ? 5 * warning : warning, limit(of: phase)) }

  /// For a rank that waits for another node, whose phase cannot be known here: the longest.
  public var longest: Double { WorkPhase.allCases.map(limit(of:)).max() ?? limit }
}
