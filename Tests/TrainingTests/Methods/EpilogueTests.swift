import Collectives
import Configuration
import Datasets
import MethodCases
import Networks
import Objectives
import Tensors
import TestSupport
import Testing
import Training

/// What is done to a trained network without another step.
@Suite(.serialized, .computePool) struct EpilogueTests {
  /// The images of `MethodImages`, dealt out to the ranks five at a time.
  private struct Images: EpilogueImages {
    let communicator: any Communicator

    func forEachBatch(of port: Port, _ network: Network, _ numbers: ParameterSet, _ body: (RowsView, [Int32]) throws -> Void) throws {
      let share = BatchPlan.shard(of: MethodImages.count, ranks: communicator.size, rank: communicator.rank)
      for first in stride(from: share.lowerBound, to: share.upperBound, by: 5) {
        let samples = Array(first..<min(share.upperBound, first + 5))
        try body(rows(samples, of: port, network, numbers), samples.map { Int32(MethodImages.labels[$0]) })
      }
    }

    func rows(_ samples: [Int], of port: Port, _ network: Network, _ numbers: ParameterSet) throws -> RowsView {
      let batch = MethodImages.emptyBatch(samples.count)
      try MethodImages.fill(batch, epoch: 0, step: 0, samples: samples, isMixed: false)
      let plan = try network.inferencePlan(images: samples.count, height: MethodImages.size, width: MethodImages.size, ports: [port])
      try plan.forward(numbers, images: BatchImages(batch.images))
      return try plan.rows(port).values
    }
  }

  private struct Outcome {
    let features: DenseRows
    let before: (weights: DenseRows, biases: [Float])
    let logits: DenseRows
    let tensors: [String: [Float]]
    let state: [String: StoredTensor]
  }

  /// Trains a method of the list for some steps, and applies an epilogue.
  private func outcome(_ name: String, _ settings: [String: SettingValue] = [:], method: String = "crossEntropy", ranks: Int = 1) throws
    -> Outcome
  {
    let entry = try #require(MethodCase.all.first { $0.name == method })
    return try RankGroup.run(ranks) { communicator in
      let run = try MethodRun(entry, communicator)
      try run.run(to: 12)
      let context = MethodContext(configuration: Configuration())
      let epilogue = try EpilogueRegistry.make(name, settings: settings, context: context)
      let trained = run.learner.network
      let digest = StateTree(run.learner).digest
      let made = try epilogue.network(trained, run.learner.judged, height: MethodImages.size, width: MethodImages.size, seed: 1)
      let images = Images(communicator: communicator)
      try epilogue.apply(
        EpilogueContext(
          network: made, trained: trained, numbers: run.learner.judged, state: StateTree(run.learner), classes: MethodImages.context,
          images: images, communicator: communicator))
      #expect(StateTree(run.learner).digest == digest, "the network that is trained stays as it is")
      let all = Array(0..<MethodImages.count)
      let head = try ClassifierTensors(of: trained, for: "a test")
      return Outcome(
        features: DenseRows(try images.rows(all, of: .features, trained, run.learner.judged)),
        before: (
          DenseRows(count: head.classes, width: head.features, values: try head.weights(trained.parameters)),
          try head.biases(trained.parameters)
        ),
        logits: DenseRows(try images.rows(all, of: .logits, made, made.parameterSet)),
        tensors: Dictionary(uniqueKeysWithValues: try made.canonicalTensors(of: made.parameters).map { ($0.name, $0.values) }),
        state: try run.state())
    }[0]
  }

  private func largestError(_ a: [Float], _ b: [Float]) -> Float {
    guard a.count == b.count, !a.isEmpty else { return .infinity }
    return zip(a, b).map { abs($0 - $1) }.max() ?? 0
  }

  @Test(arguments: [0, 0.5, 1, 2]) func tauNormalizationDividesByPowersOfLengths(tau: Double) throws {
    let found = try outcome("tauNormalization", ["tau": .double(tau)])
    let weights = HeadChanges.tauNormalized(found.before.weights, tau: Float(tau))
    #expect(largestError(found.logits.values, found.features.products(with: weights).values) < 1e-5)
    #expect(found.tensors["fc.bias"] == [0, 0, 0, 0])
    #expect(found.before.biases.contains { $0 != 0 })
  }

  @Test(arguments: NearestClassMean.Form.allCases, [1, 2, 4]) func nearestMeansAreThoseOfAllRanks(
    form: NearestClassMean.Form, ranks: Int
  ) throws {
    let found = try outcome("nearestClassMean", ["form": .string(form.rawValue)], ranks: ranks)
    let labels = MethodImages.labels.map { Int32($0) }
    var raw = NearestClassMean.Sums(classCount: 4, width: 16)
    raw.add(found.features, labels: labels)
    var sums = NearestClassMean.Sums(classCount: 4, width: 16)
    sums.add(NearestClassMean.prepared(found.features, form: form, centre: raw.mean), labels: labels)
    let expected = NearestClassMean(sums, form: form, centre: raw.mean)
    let distances = expected.squaredDistances(found.features).values
    #expect(largestError(found.logits.values, distances.map { -$0 }) < 2e-5 * (1 + (distances.max() ?? 0)))
    let predictions = (0..<found.logits.count).map { row in
      let line = Array(found.logits[row])
      return Int32(line.firstIndex(of: line.max() ?? 0) ?? 0)
    }
    #expect(predictions == expected.predictions(found.features))
    // What lies below stays.
    #expect(found.tensors["conv2.weight"] != nil && found.tensors["fc.weight"] == nil)
  }

  @Test func balancedHeadReplacesTheFirst() throws {
    let found = try outcome("balancedHead", method: "breadcrumb")
    let weights = try #require(found.state["balancedHead.head.weight"]?.values.floats)
    #expect(found.tensors["fc.weight"] == weights && weights != found.before.weights.values)
    #expect(found.tensors["fc.bias"] == found.state["balancedHead.head.bias"]?.values.floats)
    let error = #expect(throws: LongtailError.self) { try outcome("balancedHead") }
    #expect(error?.code == .usage && error?.advice?.contains("breadcrumb") ?? false)
  }
}
