import Collectives
import Datasets
import Networks
import Objectives
import Tensors

extension Learner {
  /// Finds out where a number of a step became infinite or not a number (NaN). Collective; all is as before the step afterwards.
  ///
  /// The step is deterministic: doing it once more, layer by layer, meets the same number again. Costs a forward pass, and for a gradient
  /// whose forward pass is finite a whole step without its update. Only steps that are left out anyway pay for it.
  func diagnose(_ quantity: NonFiniteReport.Quantity, _ batch: Batch, _ passes: StepPasses, context: StepContext) throws -> NonFiniteReport
  {
    var finding = NonFiniteFinding()
    finding.samples = batch.sampleIndices
    finding.pixels = Array(repeating: 0, count: try classCount(passes))
    batch.targets.withRows { rows in
      for label in rows.labels {
        if label < 0 {
          finding.ignoredPixels += 1
        } else if Int(label) < finding.pixels.count {
          finding.pixels[Int(label)] += 1
        }
      }
    }
    if let name = network.firstNonFinite(in: network.parameters, network.parameterRegions) {
      (finding.place, finding.tensor) = (NonFiniteFinding.parameters, "parameter \(name)")
    } else if let broken = batch.samplesNotFinite, !broken.isEmpty {
      (finding.place, finding.tensor, finding.samples) = (NonFiniteFinding.input, "input", broken)
    }
    // All ranks run the layers, whatever they have found: batch norm sums over them.
    let output = try passes.firstNonFiniteOutput()
    if finding.tensor == nil, let output { (finding.place, finding.tensor) = (output.place, "output of layer \(output.layer)") }
    undo.undo()

    var least = [Double(min(finding.place, 1 << 40))]
    try communicator.minimum(&least)
    if least[0] > Double(NonFiniteFinding.loss) {
      try searchLossAndGradients(batch, passes, context: context, &finding)
      undo.undo()
    }
    var report = NonFiniteFinding.merged(try communicator.gatherValues(finding))
    report.step = stepCount + 1
    report.quantity = quantity
    return report
  }

  /// The width of the rows that the main term measures.
  private func classCount(_ passes: StepPasses) throws -> Int {
    let main = terms.terms.first { $0 is RowTerm } ?? terms.terms.first
    guard let place = main?.reads.first else { return 0 }
    return try passes.rows(place).values.classes
  }

  /// Does the step again up to its own gradients, before they are summed. Collective.
  private func searchLossAndGradients(_ batch: Batch, _ passes: StepPasses, context: StepContext, _ finding: inout NonFiniteFinding) throws
  {
    var clock = PhaseClock()
    try withInputs(batch, passes, places: batchPlaces(batch)) { inputs in
      let result = try loss(batch, passes, inputs, context: context, clock: &clock)
      // The backward pass sums over ranks too: all take part in it, or none.
      if result.isFinite { try passes.backward(inputs, into: network.gradients) }
      if hasNonFiniteSums {
        (finding.place, finding.tensor) = (NonFiniteFinding.loss, "loss")
      } else if result.isFinite, let (place, name) = firstNonFiniteGradient {
        (finding.place, finding.tensor) = (NonFiniteFinding.gradients - place, "gradient of \(name)")
      }
    }
  }

  /// The last parameter whose gradient is not finite: the first one in the order of the backward pass, back to front over the networks.
  private var firstNonFiniteGradient: (place: Int, name: String)? {
    for index in trained.indices.reversed() {
      let part = trained[index]
      if let name = part.network.firstNonFinite(in: part.network.gradients, part.network.gradientRegions.reversed()) {
        let place = part.network.parameterRegions.firstIndex { $0.name == name } ?? 0
        return (place + index << 16, index == 0 ? name : "\(name) of \(part.name)")
      }
    }
    return nil
  }
}

extension Network {
  /// The first of some tensors of a flat buffer whose numbers are not all finite.
  func firstNonFinite(in flat: HostBuffer, _ regions: some Sequence<(name: String, range: Range<Int>)>) -> String? {
    flat.withFloats { floats in regions.first { !floats[$0.range].allSatisfy(\.isFinite) }?.name }
  }
}

extension Batch {
  /// The samples whose images have numbers that are not finite; nil where there are none.
  var samplesNotFinite: [Int]? {
    let count = 3 * height * width
    let found = images.withFloats { floats in
      sampleIndices.indices.filter { image in !floats[image * count..<(image + 1) * count].allSatisfy(\.isFinite) }
    }
    return found.isEmpty ? nil : found.map { sampleIndices[$0] }
  }
}
