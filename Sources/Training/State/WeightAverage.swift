import Networks
import Tensors
import Threading

/// The exponential moving average of a network's parameters and running statistics over the steps.
///
///     a = a + (1 - decay)(p - a)
///
/// after each update, beginning with the first parameters. Evaluated and saved in place of the parameters themselves, which are saved beside
/// it: they are what training goes on from. Ranks that hold the same parameters hold the same average.
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
    set = ParameterSet(network.layout)
    restart(from: network)
  }

  /// Begins anew with the network's present numbers.
  func restart(from network: Network) { set.copy(network.parameterSet) }

  /// Takes a step into account.
  func update(from network: Network) {
    let share = Float(1 - decay)
    combine(set.values, network.parameterSet.values) { $0 += share * ($1 - $0) }
    combine(set.statistics, network.parameterSet.statistics) { $0 += share * ($1 - $0) }
  }

  @inline(__always)
  private func combine(_ own: HostBuffer, _ other: HostBuffer, _ body: (inout Float, inout Float) -> Void) {
    own.withFloats { own in
      other.withFloats { other in
        guard let a = own.baseAddress, let b = other.baseAddress else { return }
        ComputePool.forEachRange(of: min(own.count, other.count), minimum: 16384, alignment: 16) { range in
          for i in range { body(&a[i], &b[i]) }
        }
      }
    }
  }
}

extension Learner {
  /// The numbers that are judged and published: the average where there is one.
  public var judged: ParameterSet { average?.set ?? network.parameterSet }
}
