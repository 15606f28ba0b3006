import BuiltInTasks
import Configuration
import Datasets
import Foundation
import Kernels
import Networks
import Tensors
import TestSupport
import Testing

@testable import Training

/// Batch normalization over a single number per channel: found before the first step.
@Suite(.computePool) struct NormalizationTests {
  init() throws { try BuiltInParts.register() }

  private func experiment(_ settings: [String]) throws -> Experiment {
    let yaml = "data: {name: scenes, settings: {width: 64, height: 48, train: 9, validation: 2}}"
    return try Experiment(Configuration(yaml: yaml, name: "normalization", overrides: settings))
  }

  private func refusal(_ settings: [String], ranks: Int = 1, samples: Int = 9) throws -> LongtailError? {
    let experiment = try experiment(settings)
    let training = experiment.configuration.training
    let division = try BatchDivision(
      sampleCount: samples, globalBatch: training.globalBatch, dropLast: training.dropLast, ranks: ranks, microBatches: training.accumulate)
    do {
      try experiment.requireNormalizable(division)
      return nil
    } catch { return error as? LongtailError }
  }

  @Test func everyWayToASingleNumberIsFound() throws {
    let deep = "model.name=deeplabv3-resnet18"
    let pooled = "classifier.0.convs.4.2"
    func expect(_ settings: [String], ranks: Int = 1, _ says: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
      let error = try #require(try refusal(settings, ranks: ranks), sourceLocation: sourceLocation)
      #expect(error.code == .usage, sourceLocation: sourceLocation)
      for text in says { #expect("\(error)".contains(text), "'\(text)' in: \(error)", sourceLocation: sourceLocation) }
    }
    try expect([deep, "training.globalBatch=1"], [pooled, "globalBatch is 1", "a larger training.globalBatch"])
    try expect([deep, "training.globalBatch=4", "training.dropLast=false"], ["last batch", "training.dropLast true"])
    try expect([deep, "training.globalBatch=2", "model.batchNorm=local"], ranks: 2, ["rank 0 of 2", "model.batchNorm synchronized"])
    try expect([deep, "training.globalBatch=3", "model.batchNorm=local"], ranks: 2, ["rank 1 of 2"])
    try expect([deep, "training.globalBatch=4", "training.accumulate=4"], ["4 micro-batches", "smaller training.accumulate"])
    // Strides alone leave one position of a small image.
    try expect(["model.name=unet", "model.width=8", "data.size={width: 16, height: 16}", "training.globalBatch=1"], ["a larger data.size"])
    // With other images beside it, or where nothing is pooled, there is nothing to say.
    #expect(try refusal([deep, "training.globalBatch=2"], ranks: 2) == nil)
    #expect(try refusal([deep, "training.globalBatch=4"], ranks: 4) == nil)
    #expect(try refusal([deep, "training.globalBatch=4", "model.batchNorm=local"], ranks: 2) == nil)
    #expect(try refusal(["model.name=unet", "model.width=8", "training.globalBatch=1", "data.size={width: 64, height: 48}"]) == nil)
  }

  /// A network of random strides and branches: after a step, the running statistics of exactly the named layers are as they were, and those
  /// of the others have moved.
  @Test func networksThatAreTrainedAgree() throws {
    var random = SeededNumbers(seed: 22)
    var found = 0
    for member in 0..<60 {
      var graph = Graph(inputChannels: 3, strideMultiple: 1)
      var x = graph.input
      for level in 0..<Int.random(in: 1...5, using: &random) {
        x = graph.add(Convolution(filters: 8, kernel: 3, padding: 1, bias: false), named: "\(level).conv", to: x)
        x = graph.add(BatchNormalization(rectified: true), named: "\(level).norm", to: x)
        if Bool.random(using: &random) { x = graph.add(Pooling(.maximum, kernel: 2, stride: 2, padding: 0), named: "\(level).pool", to: x) }
      }
      if Bool.random(using: &random) {
        var mean = graph.add(GlobalAveragePooling(), named: "mean", to: x)
        mean = graph.add(Convolution(filters: 8, kernel: 1, bias: false), named: "mean.conv", to: mean)
        mean = graph.add(BatchNormalization(rectified: true), named: "mean.norm", to: mean)
        mean = graph.add(BilinearResampling(), named: "mean.resampling", to: mean, x)
        x = graph.add(Concatenation(), named: "join", to: x, mean)
      }
      x = graph.add(Convolution(filters: 3, kernel: 1), named: "classes", to: x)
      graph.add(BilinearResampling(), named: "logits", to: x, graph.input)
      let (images, side) = (Int.random(in: 1...2, using: &random), [8, 16, 32].randomElement(using: &random) ?? 8)
      guard (try? graph.shapes(height: side, width: side))?.allSatisfy({ $0.height > 0 && $0.width > 0 }) == true else { continue }
      let network = try Network(
        graph: graph, images: images, height: side, width: side, seed: UInt64(member), options: PlanOptions(algorithms: .fixed(.direct)))
      let before = network.runningStatistics
      let plan = try network.trainingPlan(images: images, height: side, width: side)
      let input = HostBuffer(floatCount: images * graph.inputChannels * side * side)
      input.withFloats { input in for i in input.indices { input[i] = Float(Int(random.next() % 1000)) / 500 - 1 } }
      try plan.forward(network.parameterSet, images: BatchImages(input))
      let still = Set(
        zip(before, network.runningStatistics).filter { $0.name.hasSuffix("running_var") && $0.values == $1.values }
          .map { String($0.0.name.dropLast(".running_var".count)) })
      let named = Set(try graph.normalizationsOfOneNumber(images: images, height: side, width: side))
      #expect(still == named, "member \(member)")
      found += named.count
    }
    #expect(found > 10)
  }

  /// Two hundred ways to share batches: a division is refused exactly where some rank, in some step, normalizes one image alone.
  @Test func twoHundredPlansAgreeWithEveryStep() throws {
    var random = SeededNumbers(seed: 9)
    let models = [("deeplabv3-resnet18", true), ("deeplabv3plus-resnet18", true), ("fpn-resnet18", false), ("fcn-resnet18", false)]
    var refused = 0
    for member in 0..<200 {
      let (model, isPooled) = models.randomElement(using: &random) ?? models[0]
      let isLocal = Bool.random(using: &random)
      let (samples, batch) = (Int.random(in: 1...9, using: &random), Int.random(in: 1...6, using: &random))
      let (ranks, parts) = (Int.random(in: 1...4, using: &random), Int.random(in: 1...min(3, batch), using: &random))
      let dropLast = Bool.random(using: &random) && samples >= batch
      let division = try BatchDivision(sampleCount: samples, globalBatch: batch, dropLast: dropLast, ranks: ranks, microBatches: parts)
      var isSingle = false
      for step in 0..<division.stepsPerEpoch {
        let counts = (0..<ranks).map { rank in division.positions(step: step, rank: rank).map(\.count) }
        for part in 0..<parts {
          let own = counts.map { $0[part] }
          isSingle = isSingle || (isLocal ? own.contains(1) : own.reduce(0, +) == 1)
        }
      }
      let error = try refusal(
        [
          "model.name=\(model)", "model.batchNorm=\(isLocal ? "local" : "synchronized")", "training.globalBatch=\(batch)",
          "training.accumulate=\(parts)", "training.dropLast=\(dropLast)", "data.size={width: 64, height: 48}",
        ], ranks: ranks, samples: samples)
      #expect((error != nil) == (isSingle && isPooled), "member \(member): \(division), local \(isLocal), \(model)")
      if let error {
        refused += 1
        #expect(error.message.contains("batch normalization classifier.") && error.advice?.contains("Ways out") == true, "\(error)")
      }
    }
    print("batch normalization: \(refused) of 200 plans refused, as many as have a single number somewhere")
    #expect(refused > 40 && refused < 160)
  }
}
