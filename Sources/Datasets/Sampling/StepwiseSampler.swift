/// A sampler whose weights move with the steps, so that a step can be drawn only when earlier ones are done.
///
/// The loader asks for no step before `canDraw` allows it, and reads ahead as far as it does. Which samples a step has is a function of the
/// state that the sampler had then, of seed and step: the state belongs in checkpoints.
public protocol StepwiseSampler: Sampler, AnyObject {
  /// Whether a step can be drawn already. Once true it stays true until the step is drawn. Asked from several threads.
  /// - Parameter step: counted from 0 over the whole run.
  func canDraw(step: Int) -> Bool
  /// The samples of a step over all ranks, in order.
  func samples(step: Int, count: Int) -> [Int]
  /// Told after each step that counts, whether it was done or left out: what was learned so far holds after this many steps.
  func advance(to steps: Int)
}
