import Collectives
import Configuration
import Datasets
import Foundation
import Objectives
import Tasks
import Tensors

/// What is labelled with each class in the training split (pixels, images or instances, as the task counts) and the images that show it,
/// counted once, and the groups that follow from them.
package struct ClassStatistics: Sendable {
  /// The counts, with the digest of what was counted.
  package let audit: LabelAudit
  /// Head, medium and tail.
  package let groups: ClassGroups

  /// Counts the labels of a split over all ranks, or takes a count on record whose digest fits. Collective.
  ///
  /// All labels are read, so an unknown label number ends the run before its first step.
  /// - Parameters:
  ///   - keepsSamples: whether the counts of each sample are kept; they are where the experiment's sampler or augmentation needs them.
  ///   - record: a file that keeps the count; read where it fits, written by rank zero where not. Nil counts anew.
  /// - Throws: `.badData` naming file, label number and count.
  package static func collect(
    _ experiment: Experiment, split: Split = .train, keepsSamples: Bool = false, communicator: any Communicator, record: String?,
    threads: Int
  ) throws -> ClassStatistics {
    let dataset = experiment.dataset
    let digest = try dataset.digest(of: split)
    let keepsSamples = keepsSamples || split == .train && experiment.needsSampleClasses
    // Rank zero alone decides whether the record fits: ranks that decided for themselves could wait for each other.
    var bytes: [UInt8] = []
    if communicator.isRoot, let record, let data = FileManager.default.contents(atPath: record),
      let known = try? JSONDecoder().decode(LabelAudit.self, from: data), known.digest == digest,
      known.statistics.pixels.count == dataset.classes.count, !known.statistics.isEarly,
      !keepsSamples || known.statistics.samples != nil
    {
      bytes = [UInt8](data)
    }
    try communicator.broadcast(&bytes, from: 0)
    if !bytes.isEmpty {
      let known = try JSONDecoder().decode(LabelAudit.self, from: Data(bytes))
      try known.statistics.validate()
      return try ClassStatistics(audit: known, experiment)
    }
    let share = BatchDivision.shard(of: dataset.count(of: split), ranks: communicator.size, rank: communicator.rank)
    let own = try LabelAudit.scan(dataset, split: split, indices: share, threads: threads, keepsSamples: keepsSamples)
    var total = LabelStatistics(classCount: dataset.classes.count)
    if keepsSamples { total.samples = SampleClasses(classCount: dataset.classes.count) }
    for part in try communicator.gatherValues(own) { total.merge(part) }
    try total.validate()
    let audit = LabelAudit(digest: digest, dataset: dataset.name, split: split, statistics: total)
    if communicator.isRoot, let record {
      do {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(audit).write(to: URL(fileURLWithPath: record), options: .atomic)
      } catch {
        throw LongtailError(.inputOutput, "cannot write \(record): \(error.localizedDescription)", advice: "Check space and permissions.")
      }
    }
    return try ClassStatistics(audit: audit, experiment)
  }

  init(audit: LabelAudit, _ experiment: Experiment) throws {
    self.audit = audit
    switch experiment.task.grouping {
    case .shares: groups = try ClassStatistics.groups(experiment.configuration.groups, audit.statistics, experiment.classNames)
    case .counts(let many, let few):
      groups = ClassGroups(counts: audit.statistics.pixels.map(Int64.init), moreThan: many, fewerThan: few)
    case .given(let given): groups = given
    }
  }

  /// Pixels of each class.
  package var pixelCounts: [Int64] { audit.statistics.pixels.map(Int64.init) }
  /// Images that show each class.
  package var imageCounts: [Int64] { audit.statistics.images.map(Int64.init) }

  /// The objective that a configuration names, with these counts; predictions are made as `evaluation.decision` says.
  /// - Throws: `LongtailError` for an unknown name or setting, or counts that do not allow it.
  package func objective(_ configuration: Configuration) throws -> any Objective {
    try ClassStatistics.objective(configuration, context: context(configuration))
  }

  /// The objective that a configuration names, in the form that its task needs.
  static func objective(_ configuration: Configuration, context: ObjectiveContext) throws -> any Objective {
    try TaskRegistry.entry(of: configuration).objective(configuration, context)
  }

  /// The classes and their counts, which objectives are made for.
  package func context(_ configuration: Configuration) -> ObjectiveContext {
    ObjectiveContext(
      classes: audit.statistics.pixels.count, pixelCounts: pixelCounts, imageCounts: imageCounts,
      images: Int64(audit.statistics.imageCount), seed: UInt64(bitPattern: Int64(configuration.seed)))
  }

  /// Groups by how many training images show each class: head classes are shown by half of them or more, tail classes by less than a tenth.
  package var groupsByImages: ClassGroups {
    let images = Double(max(1, audit.statistics.imageCount))
    return ClassGroups(places: imageCounts.map { Double($0) / images >= 0.5 ? 0 : Double($0) / images < 0.1 ? 2 : 1 })
  }

  private static func groups(_ rule: Configuration.Groups, _ counts: LabelStatistics, _ names: [String]) throws -> ClassGroups {
    let (head, medium, tail) = (0, 1, 2)
    var groups = names.indices.map { _ in medium }
    func index(_ name: String, _ key: String) throws -> Int {
      guard let found = names.firstIndex(of: name) else { throw LongtailError.unknownName("class in \(key)", name, known: names) }
      return found
    }
    let shares = counts.shares
    switch rule.head {
    case .share(let share): for k in names.indices where shares[k] >= share { groups[k] = head }
    case .classes(let list): for name in list { groups[try index(name, "groups.head")] = head }
    }
    switch rule.tail {
    case .share(let share): for k in names.indices where shares[k] < share { groups[k] = tail }
    case .classes(let list): for name in list { groups[try index(name, "groups.tail")] = tail }
    }
    for name in rule.medium ?? [] { groups[try index(name, "groups.medium")] = medium }
    return ClassGroups(places: groups)
  }
}
