import Foundation
import Tensors

/// The learning rate as a function of the step alone: nothing to save, nothing to fast-forward.
///
/// Steps count from 0: `rate(atStep: 0)` is for the first update. Warm-up takes the first steps; the decay runs over the steps after it, up
/// to `totalSteps`, and stays at its floor from there. Milestones are counted from the beginning of the run.
public struct LearningRateSchedule: Sendable, Equatable {
  /// How the rate falls. With progress x, 0 after warm-up and 1 at `totalSteps`:
  public enum Decay: Sendable, Equatable {
    /// Not at all.
    case constant
    /// `floor + (base - floor)(1 + cos(pi x)) / 2`. Source: Loshchilov, Hutter, "SGDR", ICLR 2017, equation 5, without restarts.
    case cosine(totalSteps: Int, floor: Double = 0)
    /// `floor + (base - floor)(1 - x)^power`. Source: Chen et al., "DeepLab", 2017, section 4.1 (there power 0.9).
    case polynomial(totalSteps: Int, power: Double = 0.9, floor: Double = 0)
    /// Multiplied by `factor` at each milestone: from that step on. Of short runs several may fall on one step; each of them counts.
    case multistep(milestones: [Int], factor: Double = 0.1)
  }

  /// A linear rise at the beginning: step s of `steps` has the factor `startFactor + (1 - startFactor) s / steps`.
  public struct WarmUp: Sendable, Equatable {
    /// How many steps it takes.
    public var steps: Int
    /// The factor of step 0.
    public var startFactor: Double

    /// Describes the rise.
    public init(steps: Int, startFactor: Double = 1e-3) {
      self.steps = steps
      self.startFactor = startFactor
    }
  }

  /// The rate after warm-up.
  public let base: Double
  /// How it falls.
  public let decay: Decay
  /// How it rises first; nil for not at all.
  public let warmUp: WarmUp?

  /// Checks and takes the description.
  /// - Throws: `LongtailError` with code `usage` that names the number which is out of range.
  public init(base: Double, decay: Decay = .constant, warmUp: WarmUp? = nil) throws {
    func check(_ condition: Bool, _ key: String, _ value: Any, _ expected: String) throws {
      if !condition { throw LongtailError(.usage, "learning rate schedule: \(key) is \(value), expected \(expected)") }
    }
    try check(base >= 0 && base.isFinite, "the base rate", base, "a finite number of at least 0")
    if let warmUp {
      try check(warmUp.steps >= 0, "the length of warm-up", warmUp.steps, "at least 0 steps")
      try check(warmUp.startFactor >= 0 && warmUp.startFactor <= 1, "the start factor of warm-up", warmUp.startFactor, "a number in [0, 1]")
    }
    switch decay {
    case .constant: break
    case .cosine(let totalSteps, let floor):
      try check(totalSteps > warmUp?.steps ?? 0, "the total number of steps", totalSteps, "more than warm-up takes")
      try check(floor >= 0 && floor <= base, "the floor", floor, "a number between 0 and the base rate \(base)")
    case .polynomial(let totalSteps, let power, let floor):
      try check(totalSteps > warmUp?.steps ?? 0, "the total number of steps", totalSteps, "more than warm-up takes")
      try check(power > 0 && power.isFinite, "the power", power, "a finite number above 0")
      try check(floor >= 0 && floor <= base, "the floor", floor, "a number between 0 and the base rate \(base)")
    case .multistep(let milestones, let factor):
      let isAscending = zip(milestones, milestones.dropFirst()).allSatisfy { $0 <= $1 }
      try check(isAscending && milestones.allSatisfy { $0 >= 0 }, "the list of milestones", milestones, "steps in ascending order")
      try check(factor > 0 && factor.isFinite, "the factor", factor, "a finite number above 0")
    }
    self.base = base
    self.decay = decay
    self.warmUp = warmUp
  }

  /// The rate of one update.
  /// - Parameter step: updates done before it; negative counts as 0.
  public func rate(atStep step: Int) -> Double {
    let step = max(0, step)
    let rise = warmUp?.steps ?? 0
    if let warmUp, step < rise {
      // Milestones within warm-up count, so that the rate does not jump back up.
      let target = if case .multistep = decay { decayed(step, after: rise) } else { base }
      return target * (warmUp.startFactor + (1 - warmUp.startFactor) * Double(step) / Double(rise))
    }
    return decayed(step, after: rise)
  }

  private func decayed(_ step: Int, after rise: Int) -> Double {
    func progress(_ totalSteps: Int) -> Double { min(1, Double(step - rise) / Double(totalSteps - rise)) }
    switch decay {
    case .constant: return base
    case .cosine(let totalSteps, let floor):
      let x = progress(totalSteps)
      return x >= 1 ? floor : floor + (base - floor) * (1 + cos(Double.pi * x)) / 2
    case .polynomial(let totalSteps, let power, let floor):
      return floor + (base - floor) * pow(1 - progress(totalSteps), power)
    case .multistep(let milestones, let factor):
      return base * pow(factor, Double(milestones.filter { $0 <= step }.count))
    }
  }
}
