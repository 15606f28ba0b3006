import Collectives
import Configuration
import Datasets
import MethodCases
import Networks
import Objectives
import Tasks
import Tensors
import TestSupport
import Testing
import Training

/// What is done to a trained network without another step.
@Suite(.serialized, .computePool) struct EpilogueTests {
  /// The images of `MethodImages`, dealt out to the ranks, five at a time.
  private struct Images: EpilogueImages {
    let communicator: any Communicator

    func forEachBatch(of port: Port, _ network: Network, _ numbers: ParameterSet, _ body: (RowsView, [Int32]) throws -> Void) throws {
      try forEachBatch(ports: [port], network, numbers) { batch, outputs in
        try body(outputs.rows(port), batch.sampleIndices.map { Int32(MethodImages.labels[$0]) })
      }
    }

    func forEachBatch(
      ports: Set<Port>, _ network: Network, _ numbers: ParameterSet, _ body: (Batch, NetworkOutputs) throws -> Void
    ) throws {
      let share = BatchDivision.shard(of: MethodImages.count, ranks: communicator.size, rank: communicator.rank)
      for first in stride(from: share.lowerBound, to: share.upperBound, by: 5) {
        let samples = Array(first..<min(share.upperBound, first + 5))
        let (batch, plan) = try computed(samples, ports, network, numbers)
        try body(batch, NetworkOutputs(of: plan, network, numbers))
      }
    }

    func rows(_ samples: [Int], of port: Port, _ network: Network, _ numbers: ParameterSet) throws -> RowsView {
      try computed(samples, [port], network, numbers).plan.rows(port).values
    }

    private func computed(
      _ samples: [Int], _ ports: Set<Port>, _ network: Network, _ numbers: ParameterSet
    ) throws -> (batch: Batch, plan: Plan) {
      let batch = MethodImages.emptyBatch(samples.count)
      try MethodImages.fill(batch, epoch: 0, step: 0, samples: samples, isMixed: false)
      let plan = try network.inferencePlan(images: samples.count, height: MethodImages.size, width: MethodImages.size, ports: ports)
      try plan.forward(numbers, images: BatchImages(batch.images))
      return (batch, plan)
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

  /// The scores move by what was found, twice as far at twice the strength, and no class is found less often in the mean.
  @Test(arguments: [1, 2, 4]) func offsetsOfClassesAreAddedToTheBias(ranks: Int) throws {
    let settings: [String: SettingValue] = ["measure": "recall", "leastRows": 1, "strength": 2]
    let found = try outcome("classOffsets", settings, method: "crossEntropy", ranks: ranks)
    let bias = try #require(found.tensors["fc.bias"])
    let moves = zip(bias, found.before.biases).map { $0 - $1 }
    #expect(moves.contains { abs($0) > 0.05 })
    for move in moves { #expect(abs((move / 0.1).rounded() * 0.1 - move) < 1e-5, "\(move) is a step of the grid, twice") }
    let before = found.features.products(with: found.before.weights)
    func accuracy(_ scores: (Int, Int) -> Float) -> Double {
      var hits = [Double](repeating: 0, count: 4)
      for (row, label) in MethodImages.labels.enumerated() {
        let values = (0..<4).map { scores(row, $0) }
        if values.firstIndex(of: values.max() ?? 0) == label { hits[label] += 1 / Double(MethodImages.counts[label]) }
      }
      return hits.reduce(0, +) / 4
    }
    let plain = accuracy { before[$0][before[$0].startIndex + $1] + found.before.biases[$1] }
    #expect(accuracy { before[$0][before[$0].startIndex + $1] + found.before.biases[$1] + moves[$1] / 2 } > plain)
    let alone = try outcome("classOffsets", settings, method: "crossEntropy")
    #expect(ranks > 1 || alone.tensors["fc.bias"] == bias)
    let scaled = #expect(throws: LongtailError.self) { try outcome("classOffsets", method: "learnableWeightScaling") }
    #expect(scaled?.code == .usage && scaled?.message.contains("a last layer with a bias") == true)
  }

  @Test func balancedHeadReplacesTheFirst() throws {
    let found = try outcome("balancedHead", method: "breadcrumb")
    let weights = try #require(found.state["balancedHead.head.weight"]?.values.floats)
    #expect(found.tensors["fc.weight"] == weights && weights != found.before.weights.values)
    #expect(found.tensors["fc.bias"] == found.state["balancedHead.head.bias"]?.values.floats)
    let error = #expect(throws: LongtailError.self) { try outcome("balancedHead") }
    #expect(error?.code == .usage && error?.advice?.contains("breadcrumb") ?? false)
  }

  /// The layer of nearest means has the gradient of its scores: along random directions of its input, by differences.
  @Test(arguments: NearestClassMean.Form.allCases) func nearestMeansHaveAGradient(form: NearestClassMean.Form) throws {
    let (width, images) = (16, 3)
    var graph = Graph(inputChannels: width, strideMultiple: 1)
    graph.inputOrder = .channelBlocks
    let pooled = graph.add(GlobalAveragePooling(), named: "avgpool", to: graph.input)
    graph.add(NearestMeanClassifier(classes: 4, form: form), named: "nearestMean", to: pooled)
    let network = try Network(graph: graph, images: images, height: 1, width: 1, seed: 3)
    func numbers(_ count: Int, _ sample: Int) -> [Float] {
      let random = CounterRandom(seed: 2, purpose: .testing, sample: sample)
      return (0..<count).map { Float(random.uniform($0, in: -1...1)) }
    }
    for (name, count) in [("weight", 4 * width), ("centre", width), ("isKnown", 4)] {
      let tensor = try #require(network.parameterTensors.first { $0.name == "nearestMean.\(name)" })
      try tensor.write(name == "isKnown" ? [1, 0, 1, 1] : numbers(count, count), network.parameters)
    }
    let input = network.inputRows(HostBuffer(floatCount: 64 * images), images: images, height: 1, width: 1)
    let plan = try network.trainingPlan(images: images, height: 1, width: 1, inputGradient: true)
    // The class that is not known has a score of its own, on which nothing depends.
    let slopes = DenseRows(count: images, width: 4, values: numbers(4 * images, 1).enumerated().map { $0.offset % 4 == 1 ? 0 : $0.element })
    let before = DenseRows(count: images, width: width, values: numbers(images * width, 7))
    func loss(_ rows: DenseRows) throws -> Double {
      rows.write(to: input)
      try plan.forward(network.parameterSet, images: BatchImages(input.buffer))
      return zip(DenseRows(try plan.rows(.logits).values).values, slopes.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    _ = try loss(before)
    slopes.write(to: try plan.rows(.logits).requiredGradient(.logits))
    try plan.backward(into: network.gradients)
    let gradient = DenseRows(try network.inputGradientRows(plan)).values
    #expect(gradient.contains { abs($0) > 1e-2 })
    for direction in 0..<4 {
      let way = numbers(images * width, 100 + direction)
      func moved(_ by: Float) throws -> Double {
        try loss(DenseRows(count: images, width: width, values: zip(before.values, way).map { $0 + by * $1 }))
      }
      let slope = try (moved(1e-2) - moved(-1e-2)) / 2e-2
      let expected = zip(gradient, way).reduce(0) { $0 + Double($1.0) * Double($1.1) }
      #expect(abs(slope - expected) < 2e-3 * max(abs(expected), 1), "\(slope), by the layer \(expected)")
    }
  }
}
