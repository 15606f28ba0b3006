import Networks
import Objectives
import Optimizers
import Settings
import Tensors

/// Breadcrumb: beside the classifier that shapes the features, another one learns from features of past epochs with all classes alike.
///
/// The network is trained as `plain` says. Each step's features are kept by class (`FeatureBank`); from those of past epochs, moved to the
/// newest mean of their class, a second classifier is trained (`BalancedHead`), with the same optimizer and rate. Epilogue `balancedHead`
/// puts it in place of the first. Until every class has as many epochs as it needs, the published program shows the second classifier
/// class-balanced images; here it waits, or (`startup: shorter`, ours) begins with what is there.
/// Source: Liu, Li, Kang, Hua, Vasconcelos, "Breadcrumbs: adversarial class-balanced sampling for long-tailed recognition", ECCV 2022,
/// arXiv:2105.00127.
struct Breadcrumb: Method {
  struct Settings: Section {
    var startup = FeatureQueue.Startup.wait

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("startup", &startup, "until classes have as many epochs as they need: wait, or use what is there (shorter)")
    }
  }

  static let entry = MethodRegistry.Entry(
    "breadcrumb", summary: "a second classifier learns from features of past epochs, all classes alike: EMANATE",
    about: "Rare classes get more rows by going back further in time. Follow it by epilogue balancedHead.",
    source: "Liu, Li, Kang, Hua, Vasconcelos, ECCV 2022, arXiv:2105.00127", settings: Settings()
  ) { settings, _ in Breadcrumb(settings: settings) }

  let settings: Settings

  func parts(_ setup: MethodSetup) throws -> StepParts {
    let counts = try setup.trainingCounts(for: "method breadcrumb")
    let (graph, configuration) = (setup.student.graph, setup.configuration)
    let width = graph.channels(of: try graph.value(of: .features))
    let batch = configuration.training.globalBatch
    let bank = try FeatureBank(
      "bank", of: PortPlace(port: Port.features.name), width: width, depths: FeatureQueue(counts: counts, batch: batch).depths)
    let head = try LinearHead(classes: counts.count, features: width, seed: setup.seed)
    let gradient = try HeadGradient(
      head, ObjectiveRegistry.make("crossEntropy", context: ObjectiveContext(classes: counts.count)), communicator: setup.communicator)
    let optimizer = try OptimizerRegistry.make(
      configuration.optimizer.name, settings: configuration.optimizer.registrySettings, parameterCount: head.parameters.floatCount)
    let step = try HeadStep(
      gradient, optimizer: optimizer, schedule: setup.schedule,
      clipping: configuration.gradientClipping.map { try GradientClipping(maximumNorm: $0) })
    var parts = try PlainMethod().parts(setup)
    parts.followers += [
      bank,
      BalancedHead(
        bank, step, counts: counts, batch: batch, stepsPerEpoch: setup.stepsPerEpoch, startup: settings.startup, seed: setup.seed,
        communicator: setup.communicator),
    ]
    return parts
  }
}

extension FeatureQueue.Startup: Choice {}

extension MethodSetup {
  /// Training images of each class.
  /// - Parameter part: who needs them, for the message.
  /// - Throws: `LongtailError` where they were not counted, or a class has none.
  func trainingCounts(for part: String) throws -> [Int] {
    guard let counts = classes?.pixelCounts else {
      throw LongtailError(.internalError, "\(part) needs the number of training images of each class, which was not counted")
    }
    if let empty = counts.firstIndex(where: { $0 < 1 }) {
      throw LongtailError(.badData, "\(part) needs training images of all classes, but class \(empty) has none")
    }
    return counts.map { Int($0) }
  }
}
