import Collectives
import Configuration
import Datasets
import Tensors

/// A sample that an experiment does without.
package struct SkippedSample: Sendable {
  /// Its split.
  package var split: Split
  /// Its files' fault, with its index in the whole split.
  package var file: BadFile
}

extension Experiment {
  /// Resolves names and sizes as `init`, and where `data.badFiles` is `skip`, leaves out all samples of training and evaluation whose files
  /// cannot be used. Collective.
  ///
  /// Cost: nothing beside `init` where `data.badFiles` is `refuse`; else one decoding of each file, shared out over the ranks.
  /// - Throws: as `init`; `.badData` where no sample of a split is left.
  package static func open(_ configuration: Configuration, communicator: any Communicator) throws -> Experiment {
    try Experiment(configuration).withoutBadFiles(communicator: communicator)
  }

  /// The part of `open` that reads files. Collective.
  package func withoutBadFiles(communicator: any Communicator) throws -> Experiment {
    guard configuration.data.badFiles == .skip else { return self }
    var samples: [SkippedSample] = []
    for split in Set([.train, evaluationSplit]).sorted(by: { $0.rawValue < $1.rawValue }) {
      let count = dataset.count(of: split)
      let share = BatchDivision.shard(of: count, ranks: communicator.size, rank: communicator.rank)
      let own = try LabelAudit.scan(dataset, split: split, indices: share, threads: max(1, configuration.data.loader.threads))
      // A file may be broken on one host only: the ranks leave out what any of them cannot use.
      let bad = try communicator.gatherValues(own.badFiles).flatMap(\.self)
      if let first = bad.first, bad.count == count {
        throw LongtailError(
          .badData, "all \(count) samples of split '\(split.shortName)' have bad files, the first: \(first.message)", advice: first.advice)
      }
      samples += bad.map { SkippedSample(split: split, file: $0) }
    }
    return samples.isEmpty ? self : without(samples)
  }
}
