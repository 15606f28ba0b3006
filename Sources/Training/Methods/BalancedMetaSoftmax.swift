import Datasets
import Networks
import Objectives
import Settings
import Tensors

/// Balanced Meta-Softmax: a classifier on features that stay, trained on images that are drawn by learned rates of classes.
///
/// Of each global batch some images are drawn (`objective` acts on them; balancedSoftmax with the data's own counts is what was published)
/// and the rest is a meta batch with all classes alike. After each step the rates move down the slope of the meta batch's cross-entropy;
/// see `MetaStep`. The meta batch consists of training images, whatever its source was in print.
/// Source: Ren, Yu, Sheng, Ma, Zhao, Yi, Li, "Balanced meta-softmax for long-tailed visual recognition", NeurIPS 2020, arXiv:2007.10740.
struct BalancedMetaSoftmax: Method {
  struct Settings: Section {
    var metaBatch: Int?
    var samplesPerClass = 4
    var rho = 0.0
    var metaLearningRate = 0.01
    var staleness = 0
    var statistics = FrozenFeatures.Statistics.frozen
    var keepsClassifier = false

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.optionalKey(
        "metaBatch", &metaBatch, "images of the global batch that are the meta batch; half of it when not given", .atLeast(1))
      visitor.key("samplesPerClass", &samplesPerClass, "images of a class in a row in the meta batch", .atLeast(1))
      visitor.key("rho", &rho, "power of a class's share that its first rate is the inverse of; 0 lets all begin alike", .between(0, 4))
      visitor.key("metaLearningRate", &metaLearningRate, "learning rate of the rates, by Adam", .above(0), .finite)
      visitor.key("staleness", &staleness, "steps that images are drawn ahead of the newest rates", .between(0, 64))
      visitor.key("statistics", &statistics, "whether batch norm stays as it is (frozen) or follows the data of the stage (drifting)")
      visitor.key("keepsClassifier", &keepsClassifier, "go on with the classifier of the stage before instead of a new one")
    }
  }

  static let entry = MethodRegistry.Entry(
    "balancedMetaSoftmax", summary: "a new classifier on images drawn by learned rates of classes: Meta Sampler",
    about:
      "Balanced Softmax on images whose classes are drawn so that a batch with all classes alike is recognized best. Needs `optimizer.name: sgd`.",
    source: "Ren, Yu, Sheng, Ma, Zhao, Yi, Li, NeurIPS 2020, arXiv:2007.10740", settings: Settings()
  ) { settings, _ in BalancedMetaSoftmax(settings: settings) }

  let settings: Settings

  var needsSampleClasses: Bool { true }

  func graph(_ graph: Graph) -> Graph { FrozenFeatures.graph(graph, settings.statistics) }

  func trained(_ graph: Graph) throws -> [String]? { try FrozenFeatures.lastLayer(graph) }

  func sampler(_ usual: any Sampler, _ context: SamplerContext, globalBatch: Int) throws -> any Sampler {
    guard usual is SampleOrder else {
      throw LongtailError(
        .usage, "method balancedMetaSoftmax draws its own samples, but there is a `data.sampler`", advice: "Leave data.sampler out.")
    }
    guard let classes = context.classes else {
      throw LongtailError(.internalError, "method balancedMetaSoftmax needs the classes of each sample, which were not counted")
    }
    let metaCount = settings.metaBatch ?? globalBatch / 2
    guard metaCount >= 1, metaCount < globalBatch else {
      throw LongtailError(
        .usage, "of a global batch of \(globalBatch) images, \(metaCount) are to be the meta batch, which leaves none to learn from",
        advice: "Set method.settings.metaBatch below training.globalBatch.")
    }
    return try MetaStepSampler(
      seed: context.seed, classes: classes, drawnCount: globalBatch - metaCount, metaCount: metaCount,
      samplesPerClass: settings.samplesPerClass, rho: settings.rho, staleness: settings.staleness, imagesPerEpoch: context.length)
  }

  func parts(_ setup: MethodSetup) throws -> StepParts {
    try requireAffineStep(setup)
    guard let sampler = setup.sampler as? MetaStepSampler else {
      throw LongtailError(.internalError, "method balancedMetaSoftmax was not given its sampler")
    }
    let head = try ClassifierTensors(of: setup.student, for: "method balancedMetaSoftmax")
    let features = PortPlace(port: Port.features.name)
    var followers: [any Follower] = [
      MetaStep(sampler, head, of: setup.student, features: features, rate: settings.metaLearningRate)
    ]
    if !settings.keepsClassifier { followers.append(try FirstValues(of: setup.student, layer: head.layer, named: "newClassifier")) }
    let objective = RowTerm("objective", setup.objective, at: PortPlace(port: Port.logits.name))
    let terms: [any Term] = [objective] + (try setup.configuredTerms())
    return StepParts(terms: terms.map { BatchPartTerm($0, part: 0..<sampler.drawnCount) }, followers: followers)
  }

  /// Refuses steps whose result is not affine in the gradient of each image.
  private func requireAffineStep(_ setup: MethodSetup) throws {
    let configuration = setup.configuration
    func refuse(_ what: String, _ advice: String) -> LongtailError {
      LongtailError(
        .usage, "method balancedMetaSoftmax looks through the step of the classifier, which \(what) does not allow", advice: advice)
    }
    guard configuration.optimizer.name == "sgd", configuration.optimizer.nesterov != true else {
      throw refuse("optimizer \(configuration.optimizer.name)", "Set optimizer.name to sgd, without nesterov.")
    }
    guard configuration.gradientClipping == nil else { throw refuse("gradientClipping", "Leave it out.") }
    let homogenization = configuration.objective.settings["homogenization"]?.stringValue ?? "none"
    guard ["balancedSoftmax", "logitAdjustment", "crossEntropy"].contains(setup.objective.name), homogenization == "none" else {
      throw refuse("objective \(setup.objective.name)", "Set objective.name to balancedSoftmax, without homogenization.")
    }
  }
}
