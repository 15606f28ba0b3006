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

/// Mistakes that people make with methods, and what samplers remember.
@Suite(.computePool) struct MethodSettingsTests {
  private let context = MethodContext(configuration: Configuration())

  @Test func unknownNamesAreRefused() {
    let name = #expect(throws: LongtailError.self) { try MethodRegistry.make("breadcrumbs", context: context) }
    #expect(name?.code == .usage && name?.advice?.contains("breadcrumb") ?? false)
    let key = #expect(throws: LongtailError.self) {
      try MethodRegistry.make("classBalancedDistillation", settings: ["alfa": .double(0.5)], context: context)
    }
    #expect(key?.description.contains("alpha") ?? false)
    let range = #expect(throws: LongtailError.self) {
      try MethodRegistry.make("classBalancedDistillation", settings: ["alpha": .double(1.5)], context: context)
    }
    #expect(range?.code == .usage && range?.description.contains("between 0") ?? false)
    let epilogue = #expect(throws: LongtailError.self) { try EpilogueRegistry.check("tau", settings: [:]) }
    #expect(epilogue?.code == .usage)
  }

  /// Every method and epilogue says what it is, where it is from, and what each setting means.
  @Test func allAreDescribed() {
    for entry in MethodRegistry.description.entries + EpilogueRegistry.description.entries {
      #expect(!entry.summary.isEmpty && entry.about.hasSuffix("."), "\(entry.name)")
      #expect(entry.source != nil || entry.name == "plain", "\(entry.name)")
      for line in entry.settings { #expect(!line.meaning.isEmpty, "\(entry.name).\(line.path)") }
    }
  }

  private func error(_ entry: MethodCase) throws -> LongtailError? {
    #expect(throws: LongtailError.self) { try RankGroup.run(1) { _ = try MethodRun(entry, $0) } }
  }

  private func entry(_ name: String) throws -> MethodCase { try #require(MethodCase.all.first { $0.name == name }) }

  @Test func whatCannotWorkIsRefused() throws {
    var entry = try entry("classBalancedDistillation")
    entry.teachers = []
    #expect(try error(entry)?.message.contains("no teacher") ?? false)
    entry.teachers = [SmallHead(), SmallHead()]
    #expect(try error(entry)?.advice?.contains("width 32") ?? false)
    entry = try self.entry("learnableWeightScaling")
    entry.head = SmallHead()
    #expect(try error(entry)?.advice?.contains("scaled") ?? false)
    entry = try self.entry("balancedMetaSoftmax")
    entry.settings["metaBatch"] = .int(8)
    #expect(try error(entry)?.code == .usage)
    entry = try self.entry("balancedMetaSoftmax")
    entry.objective = "pat"
    #expect(try error(entry)?.advice?.contains("balancedSoftmax") ?? false)
    entry = try self.entry("selfDistillation")
    entry.teachers = []
    #expect(try error(entry)?.message.contains("0 teachers") ?? false)
    entry = try self.entry("selfSupervision")
    entry.head = SmallHead()
    #expect(try error(entry)?.message.contains("projection") ?? false)
  }

  /// A sampler whose weights somebody learns is part of the state of the learner that it samples for; steps keep it in step.
  @Test func movingWeightsAreTheLearners() throws {
    func sampler() throws -> MovingWeightSampler {
      try MovingWeightSampler(
        seed: 3, classes: MethodImages.sampleClasses, weights: [1, 1, 1, 1], staleness: 1, epochLength: MethodImages.count)
    }
    func learner(_ sampler: MovingWeightSampler) throws -> Learner {
      var configuration = Configuration()
      configuration.training.globalBatch = 8
      return try Learner(
        configuration: configuration, graph: SmallHead().graph, inputSize: .init(width: 8, height: 8),
        objective: ObjectiveRegistry.make("crossEntropy", context: MethodImages.context), communicator: SingleProcess(), totalSteps: 9,
        stepsPerEpoch: 3, method: PlainMethod(), sampler: sampler)
    }
    let (first, second) = (try sampler(), try sampler())
    let run = try learner(first)
    let batch = MethodImages.emptyBatch(8)
    for step in 0..<3 {
      #expect(first.canDraw(step: step + 1) && !first.canDraw(step: step + 2))
      try MethodImages.fill(batch, epoch: 0, step: step, samples: first.samples(step: step, count: 8), isMixed: false)
      if step == 1 { try first.publish([1, 2, 3, 4], afterSteps: 2) }
      _ = try run.step(batch)
    }
    #expect(StateTree(run).leaves.map(\.path).filter { $0.hasPrefix("sampler.") } == ["sampler.weights", "sampler.publishedStep"])
    let saved = try #require(try run.checkpoint(.init()))
    try learner(second).restore(saved)
    #expect(second.newestWeights == first.newestWeights && second.canDraw(step: 4) && !second.canDraw(step: 5))
    #expect(second.samples(step: 4, count: 50) == first.samples(step: 4, count: 50))
  }

  /// Whoever draws ahead by some steps draws by rates of so many steps before, and learns from them.
  @Test func metaSamplerDrawsAhead() throws {
    func sampler(_ staleness: Int) throws -> MetaStepSampler {
      try MetaStepSampler(
        seed: 1, classes: MethodImages.sampleClasses, drawnCount: 6, metaCount: 4, samplesPerClass: 1, rho: 0, staleness: staleness,
        imagesPerEpoch: 25)
    }
    let ahead = try sampler(2)
    #expect(ahead.epochLength == 40 && ahead.sampleCount == 24)
    #expect(ahead.canDraw(step: 2) && !ahead.canDraw(step: 3))
    let first = ahead.samples(step: 0, count: 10)
    #expect(first.count == 10 && Set(first.suffix(4).map { MethodImages.labels[$0] }) == [0, 1, 2, 3])
    #expect(abs(ahead.expectedCopies(epoch: 0).reduce(0, +) - 40) < 1e-9)
    let second = ahead.samples(step: 1, count: 10)
    ahead.learn(gradient: [1, 0, 0, -1], rate: 0.5, fromStep: 0)
    // Step 1 was drawn before; what it learns from are the rates of that time.
    #expect(ahead.rates(forStep: 1).theta == [0, 0, 0, 0] && ahead.rates(forStep: 3).theta[3] > 0.4)
    #expect(ahead.samples(step: 1, count: 10) == second && ahead.canDraw(step: 3) && !ahead.canDraw(step: 4))
    // A step that is left out learns nothing, and does not hold up the next.
    ahead.advance(to: 2)
    #expect(ahead.canDraw(step: 4) && ahead.rates(forStep: 4).theta == ahead.rates(forStep: 3).theta)
    let copy = try sampler(2)
    try StateTree(copy).restore(StateTree(ahead).tensors(), source: "a test", advice: "")
    #expect(StateTree(copy).digest == StateTree(ahead).digest && copy.samples(step: 4, count: 10) == ahead.samples(step: 4, count: 10))
    #expect(copy.classProbabilities[3] > 2.0 / 24 && copy.classProbabilities[0] < 0.5)
  }
}
