import Foundation
import Networks
import Objectives
import Optimizers
import Tensors

/// Everything that has to be the same on all ranks, cut into named pieces: tensors by tensor, states by name, counters.
struct StateInventory {
  /// A piece.
  struct Piece {
    /// What a message calls it: `parameter down.0.0.weight`.
    var name: String
    /// Where its numbers lie; nil for what is no tensor.
    var tensor: (buffer: HostBuffer, range: Range<Int>)?
    /// Its fingerprint.
    var digest: StateDigest

    /// The bytes of a tensor.
    var bytes: [UInt8] {
      tensor.map { place in place.buffer.withBytes(of: place.range) { [UInt8]($0) } } ?? []
    }
  }

  /// In the order of the graph, parameters first.
  let pieces: [Piece]

  /// Takes the fingerprints. Cost: one pass over all numbers at the speed of memory.
  /// - Parameter parametersOnly: leaves out what a run has not begun to gather.
  init(_ learner: Learner, parametersOnly: Bool = false) {
    var pieces: [Piece] = []
    func add(_ regions: [(name: String, range: Range<Int>)], of buffer: HostBuffer, _ prefix: String) {
      for region in regions {
        let digest = buffer.withBytes(of: region.range) { StateDigest(bytes: $0) }
        pieces.append(Piece(name: prefix + region.name, tensor: (buffer, region.range), digest: digest))
      }
    }
    func add(_ name: String, _ numbers: [Double]) {
      pieces.append(Piece(name: name, digest: numbers.withUnsafeBytes { StateDigest(bytes: $0) }))
    }
    let network = learner.network
    add(network.parameterRegions, of: network.parameters, "parameter ")
    // Without synchronization each rank has its own.
    if !learner.experimentHasLocalStatistics { add(network.statisticRegions, of: network.runningStatisticsBuffer, "running statistic ") }
    if !parametersOnly {
      if let average = learner.average {
        add(network.parameterRegions, of: average.parameters, "average of ")
        if !learner.experimentHasLocalStatistics { add(network.statisticRegions, of: average.statistics, "average of ") }
      }
      for (name, buffer) in learner.optimizer.state { add(network.parameterRegions, of: buffer, "\(name) of ") }
      for (name, numbers) in learner.objective.state.sorted(by: { $0.key < $1.key }) { add("objective's state \(name)", numbers) }
      add("step number", [Double(learner.stepCount)])
      add("optimizer's step number", [Double(learner.optimizer.stepCount)])
      add("number of samples", [Double(learner.consumedSamples)])
      let history = learner.watch.history
      add("history of losses", history.losses + history.gradientNorms)
      add("count of steps left out", [Double(history.nonFiniteInARow), Double(history.nonFiniteTotal), Double(history.spikeTotal)])
    }
    self.pieces = pieces
  }

  /// The fingerprints as numbers that a reduction keeps exactly: two of 32 bits each.
  var packed: [Double] { pieces.flatMap { [Double($0.digest.value >> 32), Double($0.digest.value & 0xFFFF_FFFF)] } }
}

extension HostBuffer {
  /// Calls `body` with the bytes of some of the floats; the pointer is not valid outside.
  fileprivate func withBytes<Result>(of floats: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    let width = MemoryLayout<Float>.stride
    return withBytes { body(UnsafeRawBufferPointer(rebasing: $0[floats.lowerBound * width..<floats.upperBound * width])) }
  }
}
