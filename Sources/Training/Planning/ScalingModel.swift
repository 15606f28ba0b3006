/// Predicts the time of a training step on many ranks from what was measured on one machine: an alpha-beta model.
///
/// Let p be the ranks, k the ranks of a full node, m = ceil(p / k) the nodes, q = min(p, k) the ranks of the fullest one, B the global
/// batch, n = ceil(B / p) the images of the rank that has most, S the bytes of the gradients, w 1 on the wire in float32 and 1/2 in
/// bfloat16. A step takes the sum of
///
///     compute   t(n) + u                                           forward, objective, backward of n images; the optimizer
///     node      q > 1:  S / c(q) + 2 b                             each rank reads S and writes S, as a copy of S bytes does
///     network   m > 1:  2 (m - 1)/m w S / W + 2 (m - 1) s a        reduce-scatter and all-gather of lanes that share the node's link
///     packed    sum over the packed vectors of v numbers:
///               q > 1:  3 b;  m > 1:  ceil(log2 m) a + 8 v (m - 1) / W
///
/// with c(q) the bytes a second that each of q ranks copies while all do, b a barrier on a node, W the bytes a second of a node's link, a
/// its latency, and s the pieces of a lane. Nothing overlaps, because nothing does. Packed vectors are the class statistics, once a step,
/// and with synchronized batch norm two of about 2 C numbers for each layer of C channels.
///
/// Left out: waiting for data, for the slowest of unequal machines, and for memory that the ranks of a node share, unless the step was
/// measured with all of them at work; processor time of the network's protocol; congestion.
package struct ScalingModel: Sendable {
  /// What a step needs of a rank, measured.
  package struct Step: Sendable, Equatable {
    /// Seconds of forward, objective and backward by number of images in a rank; at least one.
    package var imageSeconds: [Int: Double] = [:]
    /// Seconds of the optimizer.
    package var updateSeconds = 0.0
    /// Bytes of the gradients.
    package var gradientBytes = 0
    /// Numbers of each packed vector of a step.
    package var packedCounts: [Int] = []
    /// Bytes of memory that a rank needs whatever its images.
    package var fixedMemory = 0
    /// Bytes of memory for each image of a rank.
    package var memoryPerImage = 0

    /// Nothing measured yet.
    package init() {}

    /// t(n): measured, between two measured numbers of images on the line through them, beyond the largest in proportion to it.
    package func seconds(images: Int) -> Double {
      let known = imageSeconds.sorted { $0.key < $1.key }
      guard images > 0, let last = known.last else { return 0 }
      if images >= last.key { return last.value * Double(images) / Double(last.key) }
      let above = known.first { $0.key >= images } ?? last
      let below = known.last { $0.key <= images } ?? (key: 0, value: 0)
      if above.key == below.key { return above.value }
      return below.value + (above.value - below.value) * Double(images - below.key) / Double(above.key - below.key)
    }
  }

  /// Memory of one node.
  package struct Node: Sendable, Equatable {
    /// Ranks of a full node.
    package var ranks = 1
    /// Bytes a second that one rank copies alone.
    package var copyRate = 5e9
    /// Bytes a second that all cores of a node copy together.
    package var totalCopyRate = 10e9
    /// Seconds of a barrier among its ranks.
    package var barrierSeconds = 1e-6

    /// A node of one rank.
    package init() {}

    /// c(q): bytes a second that each of q ranks copies while all do.
    package func copyRate(ranks: Int) -> Double { min(copyRate, totalCopyRate / Double(max(1, ranks))) }
  }

  /// What lies between nodes.
  package struct Network: Sendable, Equatable {
    /// Bits a second of a node's link, in each direction at once.
    package var bitsPerSecond = 10e9
    /// Seconds from one process to another for an empty message.
    package var latency = 50e-6
    /// The share of the link that is left for content: 1448 bytes of each Ethernet frame of 1538 with TCP/IP over IPv4.
    package var efficiency = 1448.0 / 1538
    /// Bytes on the wire for each of float32: 1, or 1/2 in bfloat16.
    package var wireShare = 1.0

    /// Ethernet of 10 Gbit/s.
    package init() {}

    /// W: bytes of content a second.
    package var bytesPerSecond: Double { bitsPerSecond / 8 * efficiency }
  }

  /// The step.
  package var step: Step
  /// The node.
  package var node: Node
  /// The network.
  package var network: Network

  /// Creates a scaling model.
  package init(step: Step, node: Node, network: Network) { (self.step, self.node, self.network) = (step, node, network) }

  /// Bytes of a lane that two nodes exchange at a time, for each node, as the reductions do it.
  static let sliceByteCount = 1 << 20

  /// The prediction for p ranks and a global batch.
  package func prediction(ranks: Int, globalBatch: Int) -> ScalingPrediction {
    var result = ScalingPrediction(ranks: ranks, globalBatch: globalBatch)
    result.nodes = (ranks + node.ranks - 1) / max(1, node.ranks)
    result.imagesPerRank = (globalBatch + ranks - 1) / ranks
    result.compute = step.seconds(images: result.imagesPerRank) + step.updateSeconds
    let (nodes, local) = (Double(result.nodes), min(ranks, node.ranks))
    let bytes = Double(step.gradientBytes)
    if local > 1 { result.node = bytes / node.copyRate(ranks: local) + 2 * node.barrierSeconds }
    if result.nodes > 1 {
      let lane = bytes / Double(local)
      let pieces = max(1, (lane / (nodes * Double(ScalingModel.sliceByteCount))).rounded(.up))
      result.network =
        2 * (nodes - 1) / nodes * network.wireShare * bytes / network.bytesPerSecond + 2 * (nodes - 1) * pieces * network.latency
    }
    if ranks > 1 {
      for count in step.packedCounts {
        if local > 1 { result.packed += 3 * node.barrierSeconds }
        guard result.nodes > 1 else { continue }
        let rounds = Double((result.nodes - 1).bitWidth - (result.nodes - 1).leadingZeroBitCount)
        result.packed += rounds * network.latency + 8 * Double(count) * (nodes - 1) / network.bytesPerSecond
      }
    }
    result.memory = step.fixedMemory + step.memoryPerImage * result.imagesPerRank
    // The same images on one rank, and an equal share of them for each without any cost.
    let alone = step.seconds(images: globalBatch) + step.updateSeconds
    result.ideal = alone / Double(ranks)
    return result
  }
}

/// What `ScalingModel` predicts for a number of ranks. Times in seconds.
package struct ScalingPrediction: Sendable, Equatable {
  /// What keeps a step from being as many times as fast as there are ranks.
  package enum Limit: String, Sendable, CaseIterable {
    /// Nothing: at least nine tenths of the time of all ranks are the work of one.
    case compute
    /// The global batch gives the ranks too few images, or unequal numbers of them.
    case batch
    /// The sums of gradients on a node.
    case node
    /// The sums of gradients between nodes.
    case network
    /// The packed vectors: latency, mostly.
    case packed

    /// In words.
    package var description: String {
      switch self {
      case .compute: "compute"
      case .batch: "batch too small for the ranks"
      case .node: "reduction on the node"
      case .network: "network"
      case .packed: "latency of packed vectors"
      }
    }
  }

  /// p.
  package var ranks: Int
  /// B.
  package var globalBatch: Int
  /// m.
  package var nodes = 1
  /// n: images of the rank that has most.
  package var imagesPerRank = 0
  /// Forward, objective, backward, update.
  package var compute = 0.0
  /// The sum of gradients on a node.
  package var node = 0.0
  /// The sum of gradients between nodes.
  package var network = 0.0
  /// The packed vectors.
  package var packed = 0.0
  /// A p-th of what one rank would take for the whole batch.
  package var ideal = 0.0
  /// Bytes of memory of the rank with most images.
  package var memory = 0

  /// Nothing predicted yet.
  package init(ranks: Int, globalBatch: Int) { (self.ranks, self.globalBatch) = (ranks, globalBatch) }

  /// The whole step.
  package var seconds: Double { compute + node + network + packed }
  /// Images a second over all ranks.
  package var imagesPerSecond: Double { Double(globalBatch) / seconds }
  /// Images a second for each rank, over those of a single rank that does the whole batch.
  package var efficiency: Double { ideal / seconds }
  /// The largest loss, if all of them together cost more than a tenth.
  package var limit: Limit {
    if efficiency >= 0.9 { return .compute }
    let losses: [(Limit, Double)] = [(.batch, compute - ideal), (.node, node), (.network, network), (.packed, packed)]
    return losses.max { $0.1 < $1.1 }?.0 ?? .compute
  }
}
