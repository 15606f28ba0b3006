import Datasets
import Networks
import Objectives
import Tensors

/// The plans of all networks of a step for one batch shape, and the order in which they run.
final class StepPasses {
  struct PartnerPass {
    let partner: Partner
    let view: Int
    let pass: any TrainingPass
  }

  struct ChainedPass {
    let part: ChainedNetwork
    let plan: Plan
    let input: RowsView
    let givesGradient: Bool
  }

  /// The plan of the network that is trained.
  let student: any TrainingPass
  private let numbers: ParameterSet
  /// Partners by view, in the order in which they run.
  var partners: [PartnerPass] = []
  /// What runs behind the student, in order.
  var chained: [ChainedPass] = []
  /// The plans of the networks that are trained, where each runs its batch at once.
  var plans: [Plan] { [student as? Plan].compactMap(\.self) + chained.map(\.plan) }

  init(student: any TrainingPass, numbers: ParameterSet) {
    (self.student, self.numbers) = (student, numbers)
  }

  /// The rows of a port, and where their gradient goes.
  /// - Throws: `LongtailError` for a place that takes no part.
  func rows(_ place: PortPlace) throws -> StepInputs.Rows {
    let rows: PortRows
    if place.network == PortPlace.student {
      rows = try student.rows(Port(place.port))
    } else if let found = partners.first(where: { $0.partner.name == place.network && $0.view == place.view }) {
      rows = try found.pass.rows(Port(place.port))
    } else if let found = chained.first(where: { $0.part.name == place.network }) {
      rows = try found.plan.rows(Port(place.port))
    } else {
      throw LongtailError(.internalError, "\(place) takes no part in this step")
    }
    return .init(values: rows.values, gradient: rows.gradient)
  }

  /// Computes all ports: partners first, then the student, then what is chained behind it. Collective where batch norm is synchronized.
  /// - Parameter seed: of dropout's masks, which differ from network to network.
  func forward(_ batch: Batch, _ inputs: StepInputs, seed: UInt64) throws {
    func streams(_ network: UInt64, copies: Int = 1) -> [CounterRandom] {
      batch.sampleIndices.flatMap { sample in
        (0..<copies).map { copy in
          CounterRandom(
            seed: seed &+ (network &* 4096 &+ UInt64(copy)) &* 0x9E37_79B9_7F4A_7C15, purpose: .dropout, epoch: batch.epoch, sample: sample)
        }
      }
    }
    for (index, partner) in partners.enumerated() {
      try partner.pass.forward(
        partner.partner.set, images: BatchImages(try batch.images(ofView: partner.view)), streams: streams(UInt64(index) + 1))
    }
    for next in chained { try next.part.link.prepare(batch) }
    try student.forward(numbers, images: BatchImages(batch.images), streams: streams(0))
    for (index, next) in chained.enumerated() {
      if next.plan.images > 0 { try next.part.link.forward(inputs, into: next.input) }
      try next.plan.forward(
        next.part.network.parameterSet, images: BatchImages(next.input.buffer),
        streams: streams(UInt64(partners.count + index) + 1, copies: next.part.link.imagesPerImage))
    }
  }

  /// Computes this rank's gradients of all that is trained, back to front, into the buffers of the networks. Collective as `forward`.
  func backward(_ inputs: StepInputs, into gradients: HostBuffer) throws {
    for next in chained.reversed() {
      try next.plan.backward(into: next.part.network.gradients)
      guard next.givesGradient, next.plan.images > 0 else { continue }
      try next.part.link.backward(inputs, gradient: next.part.network.inputGradientRows(next.plan))
    }
    try student.backward(into: gradients)
  }

  /// The first layer in the order of the step whose output is not finite on this rank. Runs all forward passes once more. Collective.
  func firstNonFiniteOutput() throws -> (place: Int, layer: String)? {
    var found: (place: Int, layer: String)?
    var offset = 0
    func check(_ pass: any TrainingPass, _ name: String?) throws {
      let output = try pass.firstNonFiniteOutput()
      if found == nil, let output { found = (offset + output.place, output.layer + (name.map { " of \($0)" } ?? "")) }
      // Layers of the next network come behind all of this one.
      offset += 1 << 16
    }
    for partner in partners { try check(partner.pass, partner.partner.name) }
    try check(student, nil)
    for next in chained { try check(next.plan, next.part.name) }
    return found
  }
}
