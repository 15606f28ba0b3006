import Collectives
import Detection
import Foundation
import Models
import Networks
import Objectives
import Optimizers
import Settings
import Tensors
import Training

/// A new class layer on regions that stay: the decoupled second stage of a detector's training, on rows that are computed once.
///
/// Everything in front of `cls_score` stays as it is. Steps draw images over all ranks, in random order with repeat factors of the rarest
/// class, and train the layer on their rows by stochastic gradient descent with momentum and a cosine. With `reweighting` the weights of classes
/// are learned from meta rows, whose images are drawn in proportion to the inverse frequency of their rarest class: see `ProposalReweighter`.
/// The objective may be another one than that of training, as long as its class layer has the same columns; one with others is a stage of its
/// own, whose training has no steps.
/// Sources: Ren et al., "Balanced meta-softmax for long-tailed visual recognition", NeurIPS 2020, arXiv:2007.10740, and its detectors' code;
/// Gupta, Dollár, Girshick, "LVIS", CVPR 2019, for the repeat factors.
struct RegionClassifier: Epilogue {
  enum Reweighting: String, Choice { case none, meta }

  struct Settings: Section {
    var objective = "balancedSigmoid"
    var objectiveSettings: [String: SettingValue] = [:]
    var steps = 1000
    var images = 16
    var rows = 64
    var learningRate = 0.02
    var repeatThreshold = 0.001
    var keepsLayer = false
    var reweighting = Reweighting.none
    var metaRate = 0.01

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("objective", &objective, "what is minimized; its class layer has to have the columns that the network has", .notEmpty)
      visitor.key("objectiveSettings", &objectiveSettings, "what only this objective knows")
      visitor.key("steps", &steps, "steps of the class layer", .between(1, 10_000_000))
      visitor.key("images", &images, "images of a step, over all ranks", .between(1, 65_536))
      visitor.key("rows", &rows, "regions that are kept of each image; those with objects are at most half of them", .between(2, 65_536))
      visitor.key("learningRate", &learningRate, "rate at the start; it falls to 0 as a cosine", .above(0))
      visitor.key(
        "repeatThreshold", &repeatThreshold, "images with classes in a smaller share of the images are drawn more often; 0 draws all alike",
        .between(0, 1))
      visitor.key("keepsLayer", &keepsLayer, "go on with the class layer that training has left instead of a new one")
      visitor.key("reweighting", &reweighting, "whether weights of classes are learned from meta rows")
      visitor.key("metaRate", &metaRate, "Adam's rate of these weights", .above(0))
    }
  }

  static let entry = EpilogueRegistry.Entry(
    "regionClassifier", summary: "a detector's class layer retrained on rows that are computed once",
    about: "Decoupled training: boxes and features stay; the class layer begins anew with a loss for rare classes.",
    source: "Ren, Yu, Sheng, Ma, Zhao, Yi, Li, NeurIPS 2020, arXiv:2007.10740", settings: Settings()
  ) { settings, context in
    let model = context.configuration.model
    return RegionClassifier(
      settings: settings, options: try FasterRCNNOptions.reading(model.settings, ofModel: model.name),
      form: try RegionObjective.form(of: context.configuration.objective.name),
      seed: UInt64(bitPattern: Int64(context.configuration.seed)))
  }

  let settings: Settings
  let options: FasterRCNNOptions
  let form: RegionForm
  let seed: UInt64

  /// The same network.
  /// - Throws: `LongtailError` for an objective whose class layer has other columns.
  func graph(_ graph: Graph) throws -> Graph {
    guard try RegionObjective.form(of: settings.objective) == form else {
      throw LongtailError(
        .usage, "epilogue regionClassifier: objective \(settings.objective) needs other columns than the class layer that was trained",
        advice: "Make it a stage that begins without that layer: objective.name \(settings.objective), start.except "
          + "[roi_heads.box_predictor.cls_score.*], training.epochs 0, and this epilogue.")
    }
    return graph
  }

  func apply(_ context: EpilogueContext) throws {
    let head = try context.network.continuation(Continuation.regions).network
    let layer = try RegionClassLayer(head)
    let detector = Detector(options, classes: context.classes.classes, form: form)
    let cached = try CachedRegions(context, detector, rows: settings.rows, foregroundShare: 0.5, seed: seed, width: layer.features)
    let linear = try LinearHead(classes: layer.columns, features: layer.features, seed: seed, number: 1)
    if settings.keepsLayer { try layer.read(into: linear) } else { begin(linear) }
    let objective = try RegionObjective.make(settings.objective, settings: settings.objectiveSettings, context: context.classes)
    let plain = try RegionObjective.make(form == .sigmoid ? "sigmoid" : settings.objective, context: context.classes)
    var optimizer = StochasticGradientDescent.Settings()
    (optimizer.momentum, optimizer.weightDecay) = (0.9, 1e-4)
    let step = try HeadStep(
      HeadGradient(linear, objective, communicator: context.communicator),
      optimizer: StochasticGradientDescent(parameterCount: linear.parameters.floatCount, settings: optimizer),
      schedule: LearningRateSchedule(base: settings.learningRate, decay: .cosine(totalSteps: settings.steps, floor: 0)))
    let meta = settings.reweighting == .meta ? try HeadGradient(linear, plain, communicator: context.communicator) : nil
    try train(step, meta, cached, context)
    try layer.write(linear)
  }

  /// As a new class layer of the network begins, by mean and deviation: weights with a deviation of 0.01, the bias that of the prior.
  private func begin(_ linear: LinearHead) {
    let random = CounterRandom(seed: seed, purpose: .initialization, sample: 1 << 25)
    linear.parameters.withFloats { floats in
      let weights = linear.classes * linear.features
      for place in 0..<weights { floats[place] = Float(0.01 * random.uniform(place, in: -3.0.squareRoot()...3.0.squareRoot())) }
      let bias = form.prior.map { Float(log($0 / (1 - $0))) } ?? 0
      for place in weights..<floats.count { floats[place] = bias }
    }
  }

  private func train(_ step: HeadStep, _ meta: HeadGradient?, _ cached: CachedRegions, _ context: EpilogueContext) throws {
    let draws = try RegionDraws(cached, classes: context.classes.classes, threshold: settings.repeatThreshold, context.communicator)
    var reweighter = ProposalReweighter(classes: context.classes.classes)
    for number in 0..<settings.steps {
      var rows = cached.rows(of: draws.samples(step: number, count: settings.images, seed: seed))
      guard let meta else {
        _ = try step.step(rows)
        continue
      }
      var counts = [Double](repeating: 0, count: context.classes.classes)
      for label in rows.labels where label != RowLabel.background { counts[Int(label)] += 1 }
      try context.communicator.sum(&counts)
      rows.weights = reweighter.rowWeights(rows.labels, counts: counts)
      rows.denominator = .rows
      let report = try step.step(rows)
      let outer = cached.rows(of: draws.metaSamples(step: number, count: settings.images, seed: seed))
      _ = try meta.compute(outer, step: StepContext(step: number, isTraining: false))
      let products = rows.values.withUnsafeBufferPointer {
        step.head.products(step.gradient.errors, meta.matrix, $0, count: rows.count)
      }
      var gradient = reweighter.gradient(rows.labels, counts: counts, products: products, rate: report.learningRate)
      try context.communicator.sum(&gradient)
      reweighter.step(gradient: gradient, rate: settings.metaRate)
    }
  }
}

/// The class layer of a detector's second stage.
struct RegionClassLayer {
  /// Its rows.
  let columns: Int
  /// Numbers of a row.
  let features: Int
  private let network: Network
  private let weight: FlatTensor
  private let bias: FlatTensor

  /// Looks it up.
  /// - Throws: `LongtailError` for another network.
  init(_ network: Network) throws {
    let tensors = Dictionary(network.parameterTensors.map { ($0.name, $0) }) { first, _ in first }
    let name = "roi_heads.box_predictor.cls_score"
    guard let weight = tensors["\(name).weight"], let bias = tensors["\(name).bias"], weight.shape.count == 2 else {
      throw LongtailError(.internalError, "the network has no layer \(name)")
    }
    (self.network, self.weight, self.bias) = (network, weight, bias)
    (columns, features) = (weight.shape[0], weight.shape[1])
  }

  /// Copies the layer out.
  func read(into head: LinearHead) throws {
    let values = try weight.read(network.parameters) + bias.read(network.parameters)
    head.parameters.withFloats { floats in for (place, value) in values.enumerated() { floats[place] = value } }
  }

  /// Adds a number to the bias of each column.
  func addToBias(_ values: [Double]) throws {
    let old = try bias.read(network.parameters)
    try bias.write(zip(old, values).map { $0 + Float($1) }, network.parameters)
  }

  /// Copies the layer in.
  func write(_ head: LinearHead) throws {
    let values = head.parameters.withFloats { Array($0.prefix(columns * features + columns)) }
    try weight.write(Array(values[..<(columns * features)]), network.parameters)
    try bias.write(Array(values[(columns * features)...]), network.parameters)
  }
}
