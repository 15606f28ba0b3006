import Collectives
import Configuration

extension WatchdogLimits {
  /// The limits that a configuration sets.
  package init(_ configuration: Configuration.Watchdog) {
    self.init()
    warning = configuration.warning
    limit = configuration.limit
    let own = configuration.limits
    let all: [WorkPhase: Double?] = [
      .start: own.`init`, .data: own.data, .forward: own.forward, .objective: own.objective, .reduce: own.reduce, .backward: own.backward,
      .update: own.update, .evaluate: own.evaluate, .save: own.save, .finish: own.finish,
    ]
    limits = all.compactMapValues { $0 }
  }
}
