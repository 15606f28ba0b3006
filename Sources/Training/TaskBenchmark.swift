import Datasets

/// What a benchmark of the step needs to know of a task that composes its networks by itself: which models those are, the parts that their
/// step has beside layers and losses, and annotations to learn from.
package struct TaskBenchmark: Sendable {
  /// A part of the step.
  package struct Part: Sendable {
    /// The name, as the clock of a link has it.
    package let name: String
    /// What the names of its layers begin with; nil for a part without layers, which a link times.
    package let layers: String?

    /// Names a part.
    package init(_ name: String, layers: String? = nil) { (self.name, self.layers) = (name, layers) }
  }

  /// Whether a model is one that the task composes.
  package let composes: @Sendable (_ model: String) -> Bool
  /// The parts, in their order.
  package let parts: [Part]
  /// Writes annotations into a batch: a function of its options, the step and the samples.
  package let annotate: @Sendable (Batch, StepBenchmark.Options) throws -> Void

  /// Describes them.
  package init(
    composes: @escaping @Sendable (_ model: String) -> Bool, parts: [Part],
    annotate: @escaping @Sendable (Batch, StepBenchmark.Options) throws -> Void
  ) {
    (self.composes, self.parts, self.annotate) = (composes, parts, annotate)
  }
}

extension StepBenchmark {
  /// Seconds of the parts of one step, as `backbone forward`.
  /// - Parameters:
  ///   - parts: those that the task names.
  ///   - clock: what the links have timed.
  ///   - layers: seconds of the plans' layers by name and pass.
  ///   - phases: those of the step.
  static func seconds(
    of parts: [TaskBenchmark.Part], _ clock: PartClock, layers: [(name: String, seconds: Double)],
    phases: [(name: String, seconds: Double)]
  ) -> [(name: String, seconds: Double)] {
    let ofLayers = layers.compactMap { layer -> (name: String, seconds: Double)? in
      guard let part = parts.first(where: { $0.layers.map(layer.name.hasPrefix) ?? false }),
        let pass = layer.name.split(separator: " ").last
      else { return nil }
      return ("\(part.name) \(pass)", layer.seconds)
    }
    let ofPhases = phases.compactMap { phase -> (name: String, seconds: Double)? in
      switch phase.name {
      case StepPhase.objective.rawValue: ("losses forward", phase.seconds)
      case StepPhase.update.rawValue: ("update forward", phase.seconds)
      case StepPhase.reduceStatistics.rawValue, StepPhase.reduceGradients.rawValue: ("sums over ranks forward", phase.seconds)
      default: nil
      }
    }
    return clock.seconds.map { (name: $0.key, seconds: $0.value) } + ofLayers + ofPhases
  }
}
