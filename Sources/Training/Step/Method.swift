import Collectives
import Configuration
import Datasets
import Networks
import Objectives
import Optimizers
import Tensors

/// How a network is trained beyond one loss at its logits: which networks take part, what is minimized, what follows.
///
/// A method only composes. It is asked once, before the first step and before a checkpoint is read, and gives values and parts; what they
/// remember is saved, resumed, sent and compared because each part names it.
public protocol Method: Sendable {
  /// Views of each sample that batches have to have.
  var viewCount: Int { get }
  /// Whether the sampler has to know the classes of each training sample.
  var needsSampleClasses: Bool { get }

  /// The network that is trained, made from the one that the configuration names: with another head, or with frozen statistics.
  /// - Throws: `LongtailError` for a network that the method cannot work with.
  func graph(_ graph: Graph) throws -> Graph

  /// The parameters that are trained, by patterns of their names; nil for what `model.trained` says.
  /// - Parameter graph: the network that is trained.
  /// - Throws: `LongtailError` for a network that the method cannot work with.
  func trained(_ graph: Graph) throws -> [String]?

  /// Which samples a step is made of.
  /// - Parameters:
  ///   - usual: what the configuration says.
  ///   - context: what samplers are made for.
  ///   - globalBatch: images of a step over all ranks.
  /// - Throws: `LongtailError` where that cannot be combined with the method.
  func sampler(_ usual: any Sampler, _ context: SamplerContext, globalBatch: Int) throws -> any Sampler

  /// The parts of a step: the same on all ranks, from the same setup. Collective where a part makes memory that ranks share.
  /// - Throws: `LongtailError` for a network or settings that the method cannot work with.
  func parts(_ setup: MethodSetup) throws -> StepParts
}

extension Method {
  /// One.
  public var viewCount: Int { 1 }
  /// No classes.
  public var needsSampleClasses: Bool { false }
  /// The network as it is.
  public func graph(_ graph: Graph) throws -> Graph { graph }
  /// What the configuration says.
  public func trained(_ graph: Graph) throws -> [String]? { nil }
  /// What the configuration says.
  public func sampler(_ usual: any Sampler, _ context: SamplerContext, globalBatch: Int) throws -> any Sampler { usual }
}

/// What a method adds to a step. Ports and views that are computed follow from who reads them.
public struct StepParts {
  /// Networks that run before the student and are not trained.
  public var partners: [Partner] = []
  /// Networks that are trained behind the student, in order.
  public var chain: [ChainedNetwork] = []
  /// What is minimized. The first term over rows with classes is the one that reports show and that spikes are looked for in.
  public var terms: [any Term]
  /// What moves after an accepted step, in order.
  public var followers: [any Follower] = []

  /// Parts.
  public init(
    partners: [Partner] = [], chain: [ChainedNetwork] = [], terms: [any Term], followers: [any Follower] = []
  ) {
    (self.partners, self.chain, self.terms, self.followers) = (partners, chain, terms, followers)
  }
}

/// What a method is given to compose its parts from.
public struct MethodSetup {
  /// The network that is trained.
  public let student: Network
  /// The objective that the configuration names.
  public let objective: any Objective
  /// The whole configuration.
  public let configuration: Configuration
  /// The classes and how often they occur, which objectives are made for; nil without data.
  public let classes: ObjectiveContext?
  /// Images of a rank's largest pass; equal on all ranks.
  public let images: Int
  /// Rows of an image.
  public let height: Int
  /// Columns of an image.
  public let width: Int
  /// Synchronization and algorithms, as the student has them.
  public let options: PlanOptions
  /// The group, for parts that sum by themselves.
  public let communicator: any Communicator
  /// The learning rate by step.
  public let schedule: LearningRateSchedule
  /// Steps of an epoch.
  public let stepsPerEpoch: Int
  /// What gives the samples of each step; nil where steps are made by hand.
  public let sampler: (any Sampler)?
  /// The networks that the configuration's `partners` name, in order. Their numbers are loaded before the first step.
  public private(set) var partners: [Partner] = []

  init(
    student: Network, objective: any Objective, configuration: Configuration, classes: ObjectiveContext?, images: Int, height: Int,
    width: Int, options: PlanOptions, communicator: any Communicator, schedule: LearningRateSchedule, stepsPerEpoch: Int,
    sampler: (any Sampler)?
  ) {
    (self.student, self.objective, self.configuration, self.classes) = (student, objective, configuration, classes)
    (self.images, self.height, self.width, self.options) = (images, height, width, options)
    (self.communicator, self.schedule, self.stepsPerEpoch, self.sampler) = (communicator, schedule, stepsPerEpoch, sampler)
  }

  /// Replaces the partners.
  package mutating func setPartners(_ made: [Partner]) { partners = made }

  /// The run's seed.
  public var seed: UInt64 { UInt64(bitPattern: Int64(configuration.seed)) }

  /// Another network of the step, in the student's workspace; its first values are a function of the run's seed and of `number`.
  /// - Parameter number: distinguishes networks of one graph.
  public func network(_ graph: Graph, number: Int) throws -> Network {
    try Network(
      graph: graph, images: images, height: height, width: width, seed: seed(number), options: options, workspace: student.workspace)
  }

  /// A partner with the student's graph and numbers of its own, which begin as the student's: a momentum encoder, or a teacher that is
  /// loaded.
  public func copy(named name: String, mode: NetworkMode) throws -> Partner {
    let set = ParameterSet(student.layout)
    set.copy(student.parameterSet)
    return try Partner(name, student, set: set, mode: mode)
  }

  /// A network that is trained behind others.
  /// - Parameters:
  ///   - number: distinguishes networks of one graph.
  ///   - height: rows of its input.
  ///   - width: columns of its input.
  public func chained(_ name: String, _ graph: Graph, behind link: any Link, number: Int = 1, height: Int, width: Int) throws
    -> ChainedNetwork
  {
    let network = try Network(
      graph: graph, images: images * link.imagesPerImage, height: height, width: width, seed: seed(number), options: options)
    return ChainedNetwork(name, network, behind: link, height: height, width: width)
  }

  private func seed(_ number: Int) -> UInt64 { seed &+ UInt64(number) &* 0xD1B5_4A32_D192_ED03 }
}
