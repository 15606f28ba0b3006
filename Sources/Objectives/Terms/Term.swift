import Tensors

/// Where a term finds rows: a port of a network that takes part in the step.
public struct PortPlace: Hashable, Sendable, CustomStringConvertible {
  /// The network's name in the step: `student`, or that of a partner.
  public var network: String
  /// The port's name.
  public var port: String
  /// Which view of the samples the network looks at, where it looks at several.
  public var view: Int

  /// The network that is trained.
  public static let student = "student"

  /// Names a place.
  public init(network: String = PortPlace.student, port: String, view: Int = 0) {
    self.network = network
    self.port = port
    self.view = view
  }

  /// `student.logits`; `key.projection of view 1`.
  public var description: String { "\(network).\(port)" + (view == 0 ? "" : " of view \(view)") }
}

/// What the terms of a step read and write: the rows of ports, and what rows are measured against.
///
/// Pointers are valid as long as the step is.
public struct StepInputs {
  /// The rows of a port, and where their gradient goes.
  public struct Rows {
    /// What the network has computed.
    public var values: RowsView
    /// Where the gradient goes; nil where the port is only read.
    public var gradient: RowsView?

    /// Rows.
    public init(values: RowsView, gradient: RowsView?) {
      self.values = values
      self.gradient = gradient
    }
  }

  /// Labels, second labels and weights of the rows of this rank's share of the batch.
  public var targets: RowTargets
  /// W W' of the student's classifier, for terms that ask for it.
  public var classifierGram: [Double]?
  /// Where this rank's images stand in the global batch, for terms that ask for it.
  public var places: BatchPlaces?

  private let find: (PortPlace) throws -> Rows

  /// - Parameter find: looks up the rows of a port.
  public init(
    targets: RowTargets, classifierGram: [Double]? = nil, places: BatchPlaces? = nil, find: @escaping (PortPlace) throws -> Rows
  ) {
    self.targets = targets
    self.classifierGram = classifierGram
    self.places = places
    self.find = find
  }

  /// What a network has computed.
  /// - Throws: `LongtailError` for a network or port that does not take part.
  public func values(_ place: PortPlace) throws -> RowsView { try find(place).values }

  /// Where the gradient of a port goes.
  /// - Throws: `LongtailError` where the port is only read.
  public func gradient(_ place: PortPlace) throws -> RowsView {
    guard let gradient = try find(place).gradient else {
      throw LongtailError(.internalError, "port \(place) takes no gradient in this step")
    }
    return gradient
  }
}

/// What the rows of a step are measured against; see `LabelledRows`.
public struct RowTargets {
  /// A class for each row, or a number of `RowLabel`.
  public var labels: UnsafeBufferPointer<Int32>
  /// Second labels; nil for none.
  public var second: LabelledRows.SecondLabels?
  /// Weights; nil for 1.
  public var weights: LabelledRows.Weights?

  /// Labels, and what rows may carry beside them.
  public init(
    labels: UnsafeBufferPointer<Int32>, second: LabelledRows.SecondLabels? = nil, weights: LabelledRows.Weights? = nil
  ) {
    self.labels = labels
    self.second = second
    self.weights = weights
  }
}

/// What is known of a term after its sums; equal on every rank.
public struct TermResult {
  /// The term's value, its weight included.
  public var loss: Double
  /// Whether all its sums are numbers.
  public var isFinite: Bool
  /// What the term knows by class, where its rows have classes.
  public var rows: StepResult?

  /// A value.
  public init(loss: Double, isFinite: Bool, rows: StepResult? = nil) {
    self.loss = loss
    self.isFinite = isFinite
    self.rows = rows
  }
}

/// A part of a step's loss: it measures rows of ports, in rounds of sums over the ranks, and writes the gradient at these ports.
///
/// As with an `Objective`, nothing is remembered from one call to the next but working memory: sums are arguments, and what a run remembers
/// changes in `commit` alone, once the step is accepted.
public protocol Term: AnyObject {
  /// The name in reports and in checkpoints.
  var name: String { get }
  /// The ports that are read.
  var reads: [PortPlace] { get }
  /// The ports whose gradient the term writes, all of it. No two terms of a step write the same.
  var writes: [PortPlace] { get }
  /// How many numbers each round sums over the ranks, in order. At least one round.
  var rounds: [Int] { get }
  /// Whether `StepInputs.classifierGram` has to be there.
  var needsClassifierGram: Bool { get }
  /// Whether `StepInputs.places` has to be there, because rows of all ranks are gathered in a round.
  var needsPlaces: Bool { get }

  /// Goes over this rank's rows for one round: overwrites `rounds[round]` numbers of `packed` from `offset` on. The last round may write
  /// gradients, without what only the sums will give.
  func measure(
    round: Int, _ inputs: StepInputs, earlier: PackedSums, into packed: inout [Double], at offset: Int, step: StepContext) throws

  /// Interprets the sums of all rounds. Changes nothing.
  func result(_ sums: PackedSums, step: StepContext) throws -> TermResult

  /// Leaves at the ports the gradient of the term's loss over the global batch.
  func complete(_ inputs: StepInputs, _ sums: PackedSums, result: TermResult, step: StepContext) throws

  /// Takes in a step that was accepted.
  func commit(_ sums: PackedSums, step: StepContext) throws

  /// Names what the term remembers from step to step.
  func describeState(in tree: inout StateTree)
}

extension Term {
  /// No statistic at the classifier's input.
  public var needsClassifierGram: Bool { false }
  /// No rows of other ranks.
  public var needsPlaces: Bool { false }
  /// Nothing is remembered.
  public func commit(_ sums: PackedSums, step: StepContext) throws {}
  /// Nothing is remembered.
  public func describeState(in tree: inout StateTree) {}
}
