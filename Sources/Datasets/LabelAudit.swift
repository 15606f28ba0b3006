import Images
import Tensors

/// Reads every label file of a split before the first step: class frequencies, and mistakes while they are cheap.
package struct LabelAudit: Sendable, Codable, Equatable {
  /// `ImageDataset.digest(of:)` of what was counted; a cached audit is valid while this stays the same.
  package var digest: String
  /// The data set's name.
  package var dataset: String
  /// The split.
  package var split: Split
  /// The counts.
  package var statistics: LabelStatistics

  /// Describes a finished audit.
  package init(digest: String, dataset: String, split: Split, statistics: LabelStatistics) {
    self.digest = digest
    self.dataset = dataset
    self.split = split
    self.statistics = statistics
  }

  /// Counts a whole split.
  ///
  /// Files that cannot be used and unknown numbers are in the result (`validate()`).
  /// - Throws: `.inputOutput` where reading itself fails, `.missingInput` where files vanish meanwhile.
  package static func run(_ dataset: any ImageDataset, split: Split, threads: Int) throws -> LabelAudit {
    let statistics = try scan(dataset, split: split, indices: 0..<dataset.count(of: split), threads: threads)
    return LabelAudit(digest: try dataset.digest(of: split), dataset: dataset.name, split: split, statistics: statistics)
  }

  /// Counts a part of a split, such as a rank's share (`BatchDivision.shard`). Parts merge to the counts of the whole.
  ///
  /// Images are decoded too, and their sizes compared: what would fail in training fails here. Costs one decoding of each file.
  /// - Parameters:
  ///   - threads: loading threads; at least 1.
  ///   - keepsSamples: whether the counts of each sample are kept too, as samplers need them; costs no further reading.
  /// - Throws: `.inputOutput` where reading itself fails; files that cannot be used are in the result.
  package static func scan(
    _ dataset: any ImageDataset, split: Split, indices: Range<Int>, threads: Int, keepsSamples: Bool = false
  ) throws -> LabelStatistics {
    let classCount = dataset.classes.count
    let samples = keepsSamples ? SampleClasses(classCount: classCount) : nil
    let parts = max(1, min(threads, indices.count))
    let results = LoadingThreads.map(parts: parts) { part -> Result<LabelStatistics, any Error> in
      var statistics = LabelStatistics(classCount: classCount)
      statistics.samples = samples
      let lower = indices.lowerBound + indices.count * part / parts
      let upper = indices.lowerBound + indices.count * (part + 1) / parts
      do {
        for index in lower..<upper {
          do {
            try dataset.count(split: split, index: index, into: &statistics)
          } catch {
            guard let bad = BadFile(index: index, error: error) else { throw error }
            statistics.badFiles.append(bad)
            statistics.samples?.append([])
          }
        }
        return .success(statistics)
      } catch { return .failure(error) }
    }
    var total = LabelStatistics(classCount: classCount)
    total.samples = samples
    for result in results { total.merge(try result.get()) }
    return total
  }
}
