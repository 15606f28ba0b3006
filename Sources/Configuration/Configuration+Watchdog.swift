import Settings
import Tensors

extension Configuration {
  /// Section `watchdog`: when a run that makes no progress is reported, and when it is ended.
  package struct Watchdog: Section {
    /// Whether anybody watches.
    package var enabled = true
    /// Seconds in one phase until a line says which rank holds the others up.
    package var warning = 60.0
    /// Seconds in one phase until the job is ended with exit code 77.
    package var limit = 1800.0
    /// Limits of single phases.
    package var limits = Limits()

    /// Section `watchdog.limits`: the limits of single phases in seconds, where they differ.
    package struct Limits: Section {
      /// Before the first step; four times `limit` when not given.
      package var `init`: Double?
      /// Waiting for a batch.
      package var data: Double?
      /// The forward pass.
      package var forward: Double?
      /// Loss and class statistics.
      package var objective: Double?
      /// Sums over ranks.
      package var reduce: Double?
      /// The backward pass.
      package var backward: Double?
      /// Moving the parameters.
      package var update: Double?
      /// A batch of an evaluation.
      package var evaluate: Double?
      /// Handing a checkpoint to the disk.
      package var save: Double?
      /// After the last step.
      package var finish: Double?

      /// None.
      package init() {}

      /// Shows every key.
      package mutating func visit(_ visitor: inout some KeyVisitor) {
        let positive = Check<Double>.above(0, "leave it out to use `watchdog.limit`")
        visitor.optionalKey("init", &`init`, "before the first step; four times the limit when not given", positive)
        visitor.optionalKey("data", &data, "waiting for a batch", positive)
        visitor.optionalKey("forward", &forward, "the forward pass", positive)
        visitor.optionalKey("objective", &objective, "loss and class statistics", positive)
        visitor.optionalKey("reduce", &reduce, "sums over ranks", positive)
        visitor.optionalKey("backward", &backward, "the backward pass", positive)
        visitor.optionalKey("update", &update, "moving the parameters", positive)
        visitor.optionalKey("evaluate", &evaluate, "a batch of an evaluation", positive)
        visitor.optionalKey("save", &save, "handing a checkpoint to the disk", positive)
        visitor.optionalKey("finish", &finish, "after the last step", positive)
      }
    }

    /// All defaults.
    package init() {}

    /// Shows every key.
    package mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("enabled", &enabled, "whether anybody watches for ranks that no longer get on")
      visitor.key("warning", &warning, "seconds in one phase until a line says who holds the others up", .above(0))
      visitor.key("limit", &limit, "seconds in one phase until the job is ended with exit code 77", .above(0))
      visitor.section("limits", &limits, "limits of single phases in seconds, where they differ")
    }

    /// What does not fit together.
    package func contradictions() -> [Contradiction] {
      guard warning > limit else { return [] }
      return [Contradiction("warning", "\(warning) s is after the end of the job, `watchdog.limit`, at \(limit) s")]
    }
  }
}
