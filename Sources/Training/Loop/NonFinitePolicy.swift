import Configuration
import Tensors

/// What a run does about steps that were not finite: it leaves them out until there are too many, or ends.
package struct NonFinitePolicy {
  /// What the run does after a step. The same on all ranks.
  package enum Verdict {
    /// It goes on.
    case proceed
    /// It saves what was before the step, and ends with this error.
    case saveAndEnd(LongtailError)
    /// It ends with this error, and saves nothing.
    case end(LongtailError)
  }

  private let settings: Configuration.Training

  package init(_ settings: Configuration.Training) { self.settings = settings }

  /// Judges a step that was left out because it was not finite.
  /// - Parameters:
  ///   - text: what was found about it.
  ///   - history: what has been left out, this step included.
  package func verdict(on text: String, history: StepHistory) -> Verdict {
    func error(_ reason: String) -> LongtailError { LongtailError(.notFinite, "\(text)\n  \(reason)", advice: NonFiniteReport.advice) }
    func steps(_ count: Int) -> String { count == 1 ? "1 step" : "\(count) steps" }
    switch settings.nonFinite {
    case .raise: return .end(error("training.nonFinite is raise: the run ends at once"))
    case .stop: return .saveAndEnd(error("training.nonFinite is stop: the run ends before this step; resuming repeats it"))
    case .skip:
      if history.nonFiniteInARow >= settings.nonFiniteConsecutiveLimit {
        return .end(
          error("\(steps(history.nonFiniteInARow)) in a row were left out, the most that training.nonFiniteConsecutiveLimit allows"))
      }
      if history.nonFiniteTotal >= settings.nonFiniteTotalLimit {
        return .end(error("\(steps(history.nonFiniteTotal)) of this run were left out, the most that training.nonFiniteTotalLimit allows"))
      }
      return .proceed
    }
  }
}
