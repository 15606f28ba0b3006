import Networks
import Tensors
import Threading

/// The exponential moving average of a network's parameters and running statistics over the steps.
///
///     a = a + (1 - decay)(p - a)
///
/// after each update, beginning with the first parameters. Evaluated and saved in place of the parameters themselves, which are saved
/// beside it: they are what training goes on from. Ranks that hold the same parameters hold the same average.
/// Cost: a pass over the parameters a step, 12 bytes a float.
/// Source: Polyak, Juditsky, "Acceleration of stochastic approximation by averaging", 1992, with the weights of a running mean.
final class WeightAverage {
  /// The share that remains in a step.
  let decay: Double
  /// The average, as a set that plans can compute with.
  let set: ParameterSet

  /// Begins with the network's present numbers.
  init(of network: Network, decay: Double) {
    self.decay = decay
    set = ParameterSet(copying: network)
  }

  /// Begins anew with present numbers.
  func restart(from numbers: ParameterSet) { set.copy(numbers) }

  /// Takes a step into account.
  func follow(_ numbers: ParameterSet) {
    for (own, part) in zip(set.parts, numbers.parts) {
      own.values.move(towards: part.values, by: 1 - decay)
      own.statistics.move(towards: part.statistics, by: 1 - decay)
    }
  }
}

extension HostBuffer {
  /// a = a + share (b - a) for all floats. Cost: 12 bytes a float.
  func move(towards other: HostBuffer, by share: Double) {
    let share = Float(share)
    withFloats { own in
      other.withFloats { other in
        guard let a = own.baseAddress, let b = other.baseAddress else { return }
        ComputePool.forEachRange(of: min(own.count, other.count), minimum: 16384, alignment: 16) { range in
          for i in range { a[i] += share * (b[i] - a[i]) }
        }
      }
    }
  }
}

extension Learner {
  /// The numbers that are judged and published: the average where there is one.
  package var judged: ParameterSet { finished?.parameterSet ?? average?.set ?? network.parameterSet }
}
