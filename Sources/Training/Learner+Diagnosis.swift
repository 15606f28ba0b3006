import Collectives
import Datasets
import Foundation
import Networks
import Objectives
import Tensors

extension Learner {
  /// Finds out where a number of a step became infinite or none. Collective; all is as before the step afterwards.
  ///
  /// The step is deterministic: doing it once more, layer by layer, meets the same number again. Costs a forward pass, and for a gradient
  /// whose forward pass is finite a whole step without its update. Only steps that are left out anyway pay for it.
  func diagnose(_ quantity: NonFiniteReport.Quantity, _ batch: Batch, plan: any TrainingPass, context: StepContext) throws
    -> NonFiniteReport
  {
    var finding = NonFiniteFinding()
    finding.samples = batch.sampleIndices
    finding.pixels = Array(repeating: 0, count: try plan.logits().classes)
    batch.targets.withRows { rows in
      for label in rows.labels {
        if label < 0 {
          finding.ignoredPixels += 1
        } else if Int(label) < finding.pixels.count {
          finding.pixels[Int(label)] += 1
        }
      }
    }
    if let name = network.firstNonFinite(in: network.parameters) {
      (finding.place, finding.tensor) = (NonFiniteFinding.parameters, "parameter \(name)")
    } else if let broken = batch.samplesNotFinite, !broken.isEmpty {
      (finding.place, finding.tensor, finding.samples) = (NonFiniteFinding.input, "input", broken)
    }
    // All ranks run the layers, whatever they have found: batch norm sums over them.
    let output = try plan.firstNonFiniteOutput()
    if finding.tensor == nil, let output { (finding.place, finding.tensor) = (output.place, "output of layer \(output.layer)") }
    undo.undo(network)

    var least = [Double(min(finding.place, 1 << 40))]
    try communicator.minimum(&least)
    if least[0] > Double(NonFiniteFinding.loss) {
      try searchLossAndGradients(batch, plan: plan, context: context, &finding)
      undo.undo(network)
    }
    let all = try communicator.gatherEverywhere([UInt8](JSONEncoder().encode(finding)))
    var report = NonFiniteFinding.merged(try all.map { try JSONDecoder().decode(NonFiniteFinding.self, from: Data($0)) })
    report.step = stepCount + 1
    report.quantity = quantity
    return report
  }

  /// Does the step again up to its own gradients, before they are summed. Collective.
  private func searchLossAndGradients(_ batch: Batch, plan: any TrainingPass, context: StepContext, _ finding: inout NonFiniteFinding)
    throws
  {
    var clock = PhaseClock()
    let result = try loss(batch, plan: plan, context: context, clock: &clock)
    if hasNonFiniteSums {
      (finding.place, finding.tensor) = (NonFiniteFinding.loss, "loss")
      return try finishSearch(result.isFinite, plan)
    }
    try finishSearch(result.isFinite, plan)
    if result.isFinite, let name = network.firstNonFinite(in: network.gradients, backwards: true) {
      let place = network.parameterRegions.firstIndex { $0.name == name } ?? 0
      (finding.place, finding.tensor) = (NonFiniteFinding.gradients - place, "gradient of \(name)")
    }
  }

  /// The backward pass sums over ranks too: all take part in it, or none.
  private func finishSearch(_ isFinite: Bool, _ plan: any TrainingPass) throws {
    if isFinite { try plan.backward(into: network.gradients) }
  }
}

extension Network {
  /// The first parameter in the order of the graph, or the last one, whose numbers in a flat buffer are not all finite.
  func firstNonFinite(in flat: HostBuffer, backwards: Bool = false) -> String? {
    let regions = parameterRegions
    return flat.withFloats { floats in
      (backwards ? regions.reversed() : regions).first { !floats[$0.range].allSatisfy(\.isFinite) }?.name
    }
  }
}

extension Batch {
  /// The samples whose pictures have numbers that are not finite; nil where there are none.
  var samplesNotFinite: [Int]? {
    let count = 3 * height * width
    let found = images.withFloats { floats in
      sampleIndices.indices.filter { image in !floats[image * count..<(image + 1) * count].allSatisfy(\.isFinite) }
    }
    return found.isEmpty ? nil : found.map { sampleIndices[$0] }
  }
}
