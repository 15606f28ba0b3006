import Configuration
import Models
import Networks
import Objectives
import Tensors

extension MethodSetup {
  /// Makes the networks that `partners` names, in the student's workspace.
  /// - Parameter stages: the stages before, whose networks partners have that begin with them.
  /// - Throws: `LongtailError` for an unknown stage or model.
  mutating func makePartners(_ stages: [String: StageSurroundings.Earlier]) throws {
    let list = try configuration.partnerList()
    guard !list.isEmpty else { return }
    let classes = student.graph.channels(of: try student.graph.value(of: .logits))
    setPartners(
      try list.enumerated().map { index, settings in
        if let stage = settings.stage, stages[stage] == nil {
          throw LongtailError.unknownName("stage before it", stage, known: stages.keys.sorted(), at: "partner '\(settings.name)'")
        }
        let model = settings.model ?? settings.stage.flatMap { stages[$0]?.model }
        let graph = try model.map { try ModelRegistry.make($0, classes: classes) } ?? student.graph
        return try Partner(
          settings.name, network(graph, number: 1000 + index), mode: settings.mode == .inference ? .inference : .observing)
      })
  }

  /// The partner of a name.
  /// - Throws: `LongtailError` where `partners` has none of that name, saying how to give it.
  public func partner(named name: String) throws -> Partner {
    guard let found = partners.first(where: { $0.name == name }) else {
      let known = partners.map(\.name)
      throw LongtailError(
        .usage, "method '\(configuration.method?.name ?? "plain")' needs a partner called '\(name)'",
        advice: (known.isEmpty ? "" : "There are: \(known.joined(separator: ", ")). ") + "Give partners: [{name: \(name), stage: ...}].")
    }
    return found
  }

  /// Refuses partners that a configuration names and no part of the step has.
  /// - Throws: `LongtailError` with code `usage`.
  func requireUsed(_ parts: StepParts) throws {
    for partner in partners where !parts.partners.contains(where: { $0 === partner }) {
      throw LongtailError(
        .usage, "method '\(configuration.method?.name ?? "plain")' does not use partner '\(partner.name)'",
        advice: "Leave it out of `partners`, or choose the method that it is for.")
    }
  }

  /// The terms that `terms` names.
  /// - Throws: `LongtailError` for an unknown objective, setting or port.
  public func configuredTerms() throws -> [any Term] {
    try configuration.termList().enumerated().map { index, settings in
      let port = Port(settings.port)
      let width = student.graph.channels(of: try student.graph.value(of: port))
      let known = classes.flatMap { $0.classes == width ? $0 : nil }
      let objective = try ObjectiveRegistry.make(
        settings.objective, settings: settings.settings, context: known ?? ObjectiveContext(classes: width))
      return RowTerm(
        settings.name ?? (settings.port == Port.logits.name ? "terms.\(index)" : settings.port), objective,
        at: PortPlace(port: settings.port), weight: settings.weight)
    }
  }
}
