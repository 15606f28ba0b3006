import Configuration
import Datasets
import Networks
import Tensors

extension BatchDivision {
  /// A group of images whose statistics batch normalization takes together.
  struct NormalizedGroup: Equatable {
    /// How many there are.
    var images: Int
    /// Whether it belongs to the last, smaller step of an epoch.
    var isOfLastStep: Bool
    /// The rank, where each normalizes its own.
    var rank: Int?
  }

  /// The groups of all steps, each size once, the first of its kind.
  /// - Parameter isLocal: whether each rank normalizes its own images; else those of all ranks are normalized together.
  func normalizedGroups(isLocal: Bool) -> [NormalizedGroup] {
    var groups: [NormalizedGroup] = []
    let last = positions(step: stepsPerEpoch - 1).count
    for (batch, isLast) in [(min(globalBatch, sampleCount), false), (last, true)] {
      for micro in 0..<microBatches {
        let images = BatchDivision.shard(of: batch, ranks: microBatches, rank: micro).count
        for rank in 0..<(isLocal ? ranks : 1) {
          let count = isLocal ? BatchDivision.shard(of: images, ranks: ranks, rank: rank).count : images
          guard count > 0, !groups.contains(where: { $0.images == count }) else { continue }
          groups.append(NormalizedGroup(images: count, isOfLastStep: isLast, rank: isLocal && ranks > 1 ? rank : nil))
        }
      }
    }
    return groups
  }
}

extension Experiment {
  /// Refuses batches in which batch normalization would see one number per channel: the layer would give the same for every image, and its
  /// running statistics would be worth nothing.
  /// - Parameter division: how batches are shared out.
  /// - Throws: `.usage` naming the layer, how it comes about, and the ways out.
  package func requireNormalizable(_ division: BatchDivision) throws {
    let isLocal = configuration.model.batchNorm == .local
    let size = paddedSize
    for group in division.normalizedGroups(isLocal: isLocal) {
      let layers = try graph.normalizationsOfOneNumber(images: group.images, height: size.height, width: size.width)
      guard let first = layers.first else { continue }
      let more = layers.count > 1 ? " and \(layers.count - 1) more" : ""
      throw LongtailError(
        .usage,
        "batch normalization \(first)\(more) would see a single number per channel, from which no statistics can be taken: "
          + "\(reason(group, division)), and there an image of \(size) is one position",
        advice: try "Ways out: \(waysOut(group, division, isLocal: isLocal, layers: layers.count).joined(separator: "; ")).")
    }
  }

  private func reason(_ group: BatchDivision.NormalizedGroup, _ division: BatchDivision) -> String {
    let images = "\(group.images) image\(group.images == 1 ? "" : "s")"
    if let rank = group.rank {
      let last = group.isOfLastStep ? " of an epoch's last batch" : ""
      return "with model.batchNorm local, rank \(rank) of \(division.ranks) normalizes \(images)\(last)"
    }
    if group.isOfLastStep {
      return "the last batch of an epoch has \(images) to normalize, of \(division.sampleCount) in batches of \(division.globalBatch)"
    }
    if division.microBatches > 1 {
      return "of training.globalBatch \(division.globalBatch), \(division.microBatches) micro-batches leave \(images) to normalize"
    }
    return "training.globalBatch is \(division.globalBatch)"
  }

  private func waysOut(_ group: BatchDivision.NormalizedGroup, _ division: BatchDivision, isLocal: Bool, layers: Int) throws -> [String] {
    var ways: [String] = []
    if group.isOfLastStep, division.sampleCount > division.globalBatch { ways.append("training.dropLast true") }
    if group.rank != nil { ways.append("model.batchNorm synchronized") }
    if division.microBatches > 1 { ways.append("a smaller training.accumulate") }
    if division.ranks > 1, isLocal { ways.append("fewer ranks") }
    ways.append(group.isOfLastStep ? "another training.globalBatch" : "a larger training.globalBatch")
    let multiple = max(1, graph.strideMultiple)
    // Pooling over the whole image leaves one position of any image.
    let larger = try graph.normalizationsOfOneNumber(
      images: group.images, height: paddedSize.height + 64 * multiple, width: paddedSize.width + 64 * multiple)
    if larger.count < layers { ways.append(larger.isEmpty ? "a larger data.size" : "a larger data.size as well") }
    return ways
  }
}
