import Datasets
import Foundation
import Tensors
import Training

/// What goes wrong in a case, when, and on which rank.
struct Fault {
  private var settings: [String: String] = [:]

  init(_ texts: [String]) {
    for text in texts {
      let parts = text.dropFirst("fault.".count).split(separator: "=", maxSplits: 1).map(String.init)
      if parts.count == 2 { settings[parts[0]] = parts[1] }
    }
  }

  var kind: String { settings["kind"] ?? "none" }
  var phase: String { settings["phase"] ?? "data" }
  var step: Int { number("step") ?? 1 }
  var times: Int { number("times") ?? 1 }
  var goesToLauncher: Bool { settings["target"] == "launcher" }

  /// The signal to send.
  var signal: Int32 {
    switch settings["signal"] {
    case "USR2": SIGUSR2
    case "TERM": SIGTERM
    default: SIGUSR1
    }
  }

  private func number(_ key: String) -> Int? { settings[key].flatMap { Int($0) } }

  func applies(rank: Int) -> Bool { number("rank").map { $0 == rank } ?? true }

  func applies(step: Int, rank: Int) -> Bool {
    (self.step..<self.step + (number("steps") ?? 1)).contains(step) && applies(rank: rank)
  }

  /// Damages the numbers of a step that is about to begin.
  func damage(_ batch: Batch, _ learner: Learner) {
    let network = learner.network
    switch kind {
    case "flipParameter":
      let region = network.parameterRegions[network.parameterRegions.count / 2]
      flip(network.parameters, region.range.lowerBound + 3)
    case "flipStatistic": flip(network.runningStatisticsBuffer, network.statisticRegions[2].range.lowerBound)
    case "flipMoment":
      guard let moment = learner.optimizer.state.first else { return }
      flip(moment.buffer, network.parameterRegions[0].range.lowerBound)
    case "nanInput": batch.images.withFloats { if $0.count > 5 { $0[5] = .nan } }
    case "nanParameter": network.parameters.withFloats { $0[network.parameterRegions[1].range.lowerBound] = .nan }
    case "steepHead":
      // The loss stays finite; on the way back its gradient meets large factors, and a layer of hardly any variance.
      let weights = network.parameterRegions.filter { $0.name.hasSuffix("weight") }
      let layers = weights.filter { $0.range.count > 64 }.suffix(2) + weights.filter { $0.range.count <= 64 }.suffix(1)
      network.parameters.withFloats { floats in
        for (layer, factor) in zip(layers, [Float(1e-10), 1e38, 1e5]) { for i in layer.range { floats[i] *= factor } }
      }
    default: break
    }
  }

  private func flip(_ buffer: HostBuffer, _ index: Int) {
    buffer.withFloats { $0[index] = Float(bitPattern: $0[index].bitPattern ^ 1 << 10) }
  }
}
