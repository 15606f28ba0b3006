import Collectives
import Configuration
import Networks
import Objectives
import Tensors

/// The networks of a step: partners, the student, and what is chained behind it, with the ports that are read or written.
final class StepNetworks {
  /// Networks that run first, and are not trained.
  let partners: [Partner]
  /// Networks behind the student, in order.
  let chain: [ChainedNetwork]
  /// The network that is trained.
  let student: Network
  /// How many images a network sees for each image of the batch.
  let imagesPerImage: [String: Int]

  private var ports: [String: [Port: PortUse]] = [:]
  /// What each partner is asked for, by view.
  private var views: [String: [Int: Set<Port>]] = [:]

  /// Checks that everything that is read or written is there.
  /// - Throws: `LongtailError` for names that repeat, places that do not exist, and partners that nothing reads.
  init(_ student: Network, _ parts: StepParts) throws {
    (self.student, partners, chain) = (student, parts.partners, parts.chain)
    var counts = [PortPlace.student: 1]
    for partner in partners { try StepNetworks.add(partner.name, 1, to: &counts) }
    for part in chain { try StepNetworks.add(part.name, part.link.imagesPerImage, to: &counts) }
    imagesPerImage = counts
    for follower in parts.followers { try StepNetworks.add(follower.name, 1, to: &counts) }
    for term in parts.terms where term.name != "objective" { try StepNetworks.add(term.name, 1, to: &counts) }
    ports[PortPlace.student] = [:]
    for part in chain { ports[part.name] = [:] }
    for (place, use) in StepNetworks.uses(parts) { try demand(place, use) }
    for partner in partners where views[partner.name] == nil {
      throw LongtailError(.internalError, "nothing reads a port of partner '\(partner.name)'")
    }
  }

  /// Names that parts of a run's state have already.
  private static let reserved = ["model", "average", "optimizer", "objective", "run", "sampler"]

  private static func add(_ name: String, _ count: Int, to counts: inout [String: Int]) throws {
    guard !reserved.contains(name), counts.updateValue(count, forKey: name) == nil else {
      throw LongtailError(.internalError, "two parts of a step are called '\(name)'", advice: "Give each network a name of its own.")
    }
  }

  /// The ports whose gradient links write, with who that is.
  static func taken(_ parts: StepParts) -> [PortPlace: String] {
    let partners = Set(parts.partners.map(\.name))
    var taken: [PortPlace: String] = [:]
    for part in parts.chain {
      for place in part.link.ports where !partners.contains(place.network) { taken[place] = part.name }
    }
    return taken
  }

  /// Everything that is read, or whose gradient is written.
  private static func uses(_ parts: StepParts) -> [(PortPlace, PortUse)] {
    let read = parts.terms.flatMap(\.reads) + parts.followers.flatMap { $0.gathers + $0.reads } + parts.chain.flatMap(\.link.ports)
    let written = parts.terms.flatMap(\.writes) + Array(taken(parts).keys)
    return read.map { ($0, .values) } + written.map { ($0, .gradient) }
  }

  private func demand(_ place: PortPlace, _ use: PortUse) throws {
    let port = Port(place.port)
    if let partner = partners.first(where: { $0.name == place.network }) {
      guard use == .values else { throw LongtailError(.internalError, "\(place) takes no gradient: the network is not trained") }
      _ = try partner.network.graph.value(of: port)
      return views[place.network, default: [:]][place.view, default: []].formUnion([port])
    }
    let graph = place.network == PortPlace.student ? student.graph : chain.first { $0.name == place.network }?.network.graph
    guard let graph else { throw LongtailError.unknownName("network of a step", place.network, known: imagesPerImage.keys.sorted()) }
    guard place.view == 0 else {
      throw LongtailError(
        .internalError, "\(place): networks that are trained look at view 0 alone", advice: "Let a partner look at others.")
    }
    _ = try graph.value(of: port)
    if ports[place.network]?[port] != .gradient { ports[place.network]?[port] = use }
  }

  /// The plans for a batch of this shape; compiled when they are first asked for.
  /// - Parameter counts: images of each micro-batch.
  func passes(images counts: [Int], height: Int, width: Int) throws -> StepPasses {
    let passes = StepPasses(
      student: try student.trainingPass(images: counts, height: height, width: width, ports: ports[PortPlace.student]),
      numbers: student.parameterSet)
    for partner in partners {
      for (view, ports) in (views[partner.name] ?? [:]).sorted(by: { $0.key < $1.key }) {
        let pass = try partner.network.partnerPass(
          images: counts, height: height, width: width, mode: partner.mode, ports: ports, view: view)
        passes.partners.append(.init(partner: partner, view: view, pass: pass))
      }
    }
    guard !chain.isEmpty else { return passes }
    guard counts.count == 1 else {
      throw LongtailError(
        .usage, "a chain of networks cannot be computed in \(counts.count) micro-batches",
        advice: "Leave training.accumulate at 1, and lower training.globalBatch or use more ranks.")
    }
    let partnerNames = Set(partners.map(\.name))
    for part in chain {
      let images = counts[0] * part.link.imagesPerImage
      // Where nothing in front is trained, no gradient has to get there.
      let isTrained = part.link.ports.contains { place in
        !partnerNames.contains(place.network) && !(place.network == PortPlace.student && student.trainedSpan.isEmpty)
      }
      let plan = try part.network.trainingPlan(
        images: images, height: part.height, width: part.width, ports: ports[part.name], inputGradient: isTrained)
      passes.chained.append(.init(part: part, plan: plan, input: part.input(images: images), givesGradient: isTrained))
    }
    return passes
  }

  /// Compiles the plans for this many images at a time, so that what cannot be computed is refused before the first step.
  func compile(images: Int, microBatches: Int, height: Int, width: Int) throws {
    // Micro-batches of one size are one plan.
    _ = try passes(images: Array(repeating: images, count: chain.isEmpty ? 1 : microBatches), height: height, width: width)
  }

  /// The sets whose running statistics a step moves, before it is accepted.
  var movingSets: [ParameterSet] {
    [student.parameterSet] + chain.map(\.network.parameterSet) + partners.filter { $0.mode == .observing }.map(\.set)
  }
}
