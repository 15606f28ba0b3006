import Configuration
import Datasets
import Models
import Objectives
import Optimizers
import Settings
import Tensors

/// Everything that a configuration can name, and every key that it can have: what `longtail describe` prints.
package enum Catalogue {
  /// The kinds, in the order of the listing; a new one is one more line here.
  package static var kinds: [KindDescription] {
    [
      Configuration.description,
      ObjectiveRegistry.description,
      TaskRegistry.description,
      datasets,
      SamplerRegistry.description,
      ModelRegistry.description,
      MethodRegistry.description,
      EpilogueRegistry.description,
      OptimizerRegistry.description,
    ]
  }

  /// The data sets of all tasks.
  private static var datasets: KindDescription {
    let all = TaskRegistry.entries.map { ($0, $0.datasets()) }
    return KindDescription(
      name: "dataset", summary: "what to train on",
      place: "Settings are keys of `data.settings`; `root` is written as `data.root`.",
      entries: all.flatMap { task, kind in
        kind.entries.map { entry in
          let name = task.name == Configuration.defaultTask ? entry.name : "\(task.name).\(entry.name)"
          return EntryDescription(name: name, summary: entry.summary, about: entry.about, source: entry.source, settings: entry.settings)
        }
      })
  }

  /// The kind of a name; its plural will do.
  /// - Throws: `LongtailError(.usage)` with the nearest kind; where the name is that of a thing, with the kind of that.
  package static func kind(_ name: String) throws -> KindDescription {
    if let kind = kinds.first(where: { [$0.name, "\($0.name)s"].contains(name.lowercased()) }) { return kind }
    let holders = kinds.filter { $0.entries.contains { $0.name == name } }
    guard holders.isEmpty else {
      let commands = holders.map { "longtail describe \($0.name) \(name)" }.joined(separator: " or ")
      throw LongtailError(.usage, "'\(name)' is not a kind, but the name of a \(holders[0].name)", advice: "Try \(commands).")
    }
    throw LongtailError(.usage, "there is no kind '\(name)'", advice: nearestHint(name, among: kinds.map(\.name)))
  }
}

extension Configuration {
  /// Refuses names and settings that no data set, model, objective or optimizer has, before any file is looked at.
  /// - Throws: `LongtailError(.usage)` with the nearest known name.
  package func checkNames() throws {
    try TaskRegistry.entry(of: self).check(self)
    if let sampler = data.sampler { try SamplerRegistry.check(sampler.name, settings: sampler.settings) }
    try ModelRegistry.check(model.name, settings: model.settings)
    if let method { try MethodRegistry.check(method.name, settings: method.settings) }
    for epilogue in try epilogueList() { try EpilogueRegistry.check(epilogue.name, settings: epilogue.settings) }
    for term in try termList() { try ObjectiveRegistry.check(term.objective, settings: term.settings) }
    for partner in try partnerList() {
      if let model = partner.model { try ModelRegistry.check(model.name, settings: model.settings) }
    }
    try ObjectiveRegistry.check(objective.name, settings: objective.settings)
    try OptimizerRegistry.check(optimizer.name, settings: optimizer.registrySettings)
  }
}
