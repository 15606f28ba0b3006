import Foundation
import Tensors
import Testing
import Training

@Suite struct ScalingModelTests {
  /// 100 ms an image, 20 ms of update, 100 MB of gradients, one packed vector of 1000 numbers; nodes of 4 ranks.
  private func model(perNode: Int = 4, wire: Double = 1) -> ScalingModel {
    var step = ScalingModel.Step()
    step.imageSeconds = [1: 0.1, 8: 0.8]
    step.updateSeconds = 0.02
    step.gradientBytes = 100_000_000
    step.packedCounts = [1000]
    (step.fixedMemory, step.memoryPerImage) = (1000, 10)
    var node = ScalingModel.Node()
    (node.ranks, node.copyRate, node.totalCopyRate, node.barrierSeconds) = (perNode, 10e9, 20e9, 1e-6)
    var network = ScalingModel.Network()
    (network.bitsPerSecond, network.latency, network.efficiency, network.wireShare) = (10e9, 50e-6, 1, wire)
    return ScalingModel(step: step, node: node, network: network)
  }

  private func expectNear(_ value: Double, _ expected: Double, _ comment: Comment) {
    #expect(abs(value - expected) <= 1e-9 + 1e-6 * abs(expected), comment)
  }

  @Test func oneRankHasNoSums() {
    let alone = model().prediction(ranks: 1, globalBatch: 8)
    expectNear(alone.seconds, 0.82, "compute alone")
    #expect(alone.node == 0 && alone.network == 0 && alone.packed == 0)
    expectNear(alone.efficiency, 1, "of itself")
    #expect(alone.limit == .compute)
    #expect(alone.memory == 1080)
  }

  @Test func aNodeCopies() {
    let two = model().prediction(ranks: 2, globalBatch: 8)
    expectNear(two.compute, 0.42, "4 images and the update")
    // Two ranks get 10 GB/s each, four share 20.
    expectNear(two.node, 0.01 + 2e-6, "100 MB at 10 GB/s, two barriers")
    expectNear(model().prediction(ranks: 4, globalBatch: 8).node, 0.02 + 2e-6, "100 MB at 5 GB/s")
    expectNear(two.packed, 3e-6, "three barriers")
    #expect(two.nodes == 1 && two.network == 0)
  }

  @Test func nodesExchange() {
    let eight = model().prediction(ranks: 8, globalBatch: 8)
    #expect(eight.nodes == 2)
    // Lanes of 25 MB in pieces of 2 MiB: 12 of them, with two messages each.
    expectNear(eight.network, 100e6 / 1.25e9 + 2 * 12 * 50e-6, "the whole buffer over the link, and latency")
    expectNear(model(wire: 0.5).prediction(ranks: 8, globalBatch: 8).network, 50e6 / 1.25e9 + 2 * 12 * 50e-6, "half of it")
    expectNear(eight.packed, 3e-6 + 50e-6 + 8000 / 1.25e9, "one latency, 8000 bytes")
    // ceil(log2 5) is 3.
    expectNear(model().prediction(ranks: 17, globalBatch: 17).packed, 3e-6 + 150e-6 + 4 * 8000 / 1.25e9, "five nodes")
    // One rank a node: nothing to sum on it.
    #expect(model(perNode: 1).prediction(ranks: 2, globalBatch: 8).node == 0)
  }

  @Test func limitsAreNamed() {
    #expect(model().prediction(ranks: 2, globalBatch: 64).limit == .compute)
    var light = model()
    light.step.gradientBytes = 1_000_000
    #expect(light.prediction(ranks: 64, globalBatch: 8).limit == .batch)
    #expect(light.prediction(ranks: 3, globalBatch: 4).limit == .batch)
    #expect(model(perNode: 1).prediction(ranks: 4, globalBatch: 4).limit == .network)
    var slow = model()
    slow.network.latency = 0.1
    slow.step.packedCounts = Array(repeating: 10, count: 40)
    slow.step.gradientBytes = 4
    #expect(slow.prediction(ranks: 8, globalBatch: 64).limit == .packed)
    var memory = model()
    memory.node.totalCopyRate = 1e9
    #expect(memory.prediction(ranks: 4, globalBatch: 4).limit == .node)
  }

  @Test func stepsBetweenMeasurementsLieOnALine() {
    var step = ScalingModel.Step()
    #expect(step.seconds(images: 3) == 0)
    step.imageSeconds = [2: 0.4, 4: 0.6]
    expectNear(step.seconds(images: 1), 0.2, "below the smallest")
    expectNear(step.seconds(images: 3), 0.5, "between")
    expectNear(step.seconds(images: 4), 0.6, "measured")
    expectNear(step.seconds(images: 8), 1.2, "beyond the largest")
    #expect(ScalingMeasurement.imageCounts(shares: [64, 32, 1, 1]) == [1, 8])
    #expect(ScalingMeasurement.imageCounts(shares: [4, 4]) == [4])
  }

  @Test func moreRanksAreNeverSlowerPerImageThanTheModelSays() {
    for ranks in 1...64 {
      let prediction = model().prediction(ranks: ranks, globalBatch: 2 * ranks)
      #expect(prediction.efficiency > 0 && prediction.efficiency <= 1.1)
      expectNear(prediction.seconds, prediction.compute + prediction.node + prediction.network + prediction.packed, "\(ranks)")
    }
  }
}

@Suite struct ScalingReportTests {
  private func json(ranks: Int, threads: Int, batch: Int, milliseconds: [Double], reduce: Double = 0) -> Data {
    Data(
      """
      {"benchmark": "step", "model": "unet", "width": 8, "size": {"width": 64, "height": 48}, "batch": \(batch), "ranks": \(ranks),
       "threads": \(threads), "stepMilliseconds": {"all": \(milliseconds)},
       "phases": {"forward": 40, "objective": 5, "backward": 50, "reduce": \(reduce), "update": 5}}
      """.utf8)
  }

  @Test func efficiencyComparesEqualSharesOfTheBatch() throws {
    var report = try ScalingReport(ranks: 2, batchPerRank: 4)
    let parts: [(Int, Int, Int, [Double], Double)] = [
      (1, 1, 4, [100, 90, 110], 0), (1, 2, 8, [120], 0), (2, 1, 8, [104, 106], 5), (2, 1, 8, [105], 5),
    ]
    for (place, part) in parts.enumerated() {
      #expect(report.isComplete == (place > 2))
      let data = json(ranks: part.0, threads: part.1, batch: part.2, milliseconds: part.3, reduce: part.4)
      try report.add(StepFigures(json: data, name: "a"), name: "a")
    }
    #expect(report.isComplete)
    #expect(abs(report.efficiency - 100.0 / 105) < 1e-12)
    #expect(abs(report.ranksOverThreads - 120.0 / 105) < 1e-12)
    #expect(abs(report.ranks.reductionShare - 5.0 / 105) < 1e-12)
    #expect(abs(report.ranks.imagesPerSecond - 8 / 0.105) < 1e-9)
    #expect(report.machineEfficiency == nil)
    report.independent.rounds = [try StepFigures(json: json(ranks: 1, threads: 1, batch: 4, milliseconds: [102]), name: "a")]
    #expect(report.machineEfficiency.map { abs($0 - 100.0 / 102) < 1e-12 } == true)
  }

  @Test func whatDoesNotBelongIsNamed() throws {
    var report = try ScalingReport(ranks: 2, batchPerRank: 4)
    let other = try StepFigures(json: json(ranks: 4, threads: 1, batch: 16, milliseconds: [1]), name: "four.json")
    #expect(longtailMessage { try report.add(other, name: "four.json") }?.contains("four.json is of 4 ranks x 1 threads") == true)
    #expect(longtailMessage { _ = try StepFigures(json: Data("{}".utf8), name: "x.json") }?.contains("x.json is not what") == true)
    #expect(longtailMessage { _ = try ScalingReport(ranks: 1, batchPerRank: 4) }?.contains("several ranks") == true)
  }

  private func longtailMessage(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      return (error as? LongtailError)?.description
    }
  }
}
