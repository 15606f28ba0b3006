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
  /// The average of the flat parameters, in their layout.
  let parameters: HostBuffer
  /// The average of the running statistics, in their layout.
  let statistics: HostBuffer

  /// Begins with the network's present numbers.
  init(of network: Network, decay: Double) {
    self.decay = decay
    parameters = HostBuffer(byteCount: network.parameters.byteCount)
    statistics = HostBuffer(byteCount: network.runningStatisticsBuffer.byteCount)
    restart(from: network)
  }

  /// Begins anew with the network's present numbers.
  func restart(from network: Network) {
    combine(parameters, network.parameters) { $0 = $1 }
    combine(statistics, network.runningStatisticsBuffer) { $0 = $1 }
  }

  /// Takes a step into account.
  func update(from network: Network) {
    let share = Float(1 - decay)
    combine(parameters, network.parameters) { $0 += share * ($1 - $0) }
    combine(statistics, network.runningStatisticsBuffer) { $0 += share * ($1 - $0) }
  }

  /// Exchanges the average and the network's own numbers.
  func exchange(with network: Network) {
    combine(parameters, network.parameters) { swap(&$0, &$1) }
    combine(statistics, network.runningStatisticsBuffer) { swap(&$0, &$1) }
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
  /// Lets the network be its average for a while, where there is one: what is evaluated is what is saved as the model.
  func withAverage<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard let average else { return try body() }
    average.exchange(with: network)
    defer { average.exchange(with: network) }
    return try body()
  }
}
