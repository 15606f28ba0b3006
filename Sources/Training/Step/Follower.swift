import Collectives
import Networks
import Objectives
import Tensors

/// What moves after each accepted step: an average, a momentum copy of a network, a queue of rows, a bank of features.
///
/// A step that is left out moves none. Followers are parts of the run's state, under their names.
public protocol Follower: Stateful {
  /// The name in checkpoints.
  var name: String { get }
  /// The ports whose rows it takes, of all ranks.
  var gathers: [PortPlace] { get }
  /// The ports whose rows it reads, of this rank.
  var reads: [PortPlace] { get }
  /// Whether it has to know where this rank's images stand in the global batch.
  var needsPlaces: Bool { get }

  /// Begins with what the networks hold now: their first values, or those of a file. A resumed run puts its own state in place of it.
  func begin()

  /// Takes in a step. Collective where rows are gathered.
  func follow(_ step: AcceptedStep) throws
}

extension Follower {
  /// No rows.
  public var gathers: [PortPlace] { [] }
  /// No rows.
  public var reads: [PortPlace] { [] }
  /// No places, unless rows are gathered.
  public var needsPlaces: Bool { !gathers.isEmpty }
  /// Nothing to begin with.
  public func begin() {}
}

/// A step that was accepted, as followers see it: parameters have moved, ports still hold what they held.
public final class AcceptedStep {
  /// Epoch and number of the step.
  public let context: StepContext
  /// The rate that the parameters have moved by.
  public let learningRate: Double
  private let inputs: StepInputs
  private let imagesPerImage: (String) -> Int
  private let communicator: any Communicator
  private var gathered: [PortPlace: GatheredRows] = [:]

  init(
    _ context: StepContext, learningRate: Double, _ inputs: StepInputs, imagesPerImage: @escaping (String) -> Int,
    _ communicator: any Communicator
  ) {
    (self.context, self.learningRate, self.inputs) = (context, learningRate, inputs)
    (self.imagesPerImage, self.communicator) = (imagesPerImage, communicator)
  }

  /// The rows of a port, of this rank's images.
  /// - Throws: `LongtailError` for a port that takes no part.
  public func values(_ place: PortPlace) throws -> RowsView { try inputs.values(place) }

  /// The gradient of the step's loss at a port, of this rank's images.
  /// - Throws: `LongtailError` for a port that no term writes.
  public func gradient(_ place: PortPlace) throws -> RowsView { try inputs.gradient(place) }

  /// The labels of this rank's rows.
  public var ownLabels: [Int32] { Array(inputs.targets.labels) }

  /// Adds numbers over the ranks. Collective.
  public func sum(_ values: inout [Double]) throws { try communicator.sum(&values) }

  /// The rows of a port, of the whole global batch in its order, the same on every rank. Collective when first asked for.
  /// - Throws: `LongtailError` for a port that is not among the follower's `gathers`.
  public func rows(_ place: PortPlace) throws -> GatheredRows {
    if let found = gathered[place] { return found }
    let view = try inputs.values(place)
    let count = imagesPerImage(place.network)
    let made = try gather(width: view.classes, rowsPerImage: view.rowsPerImage * count) { packed, places in
      try GatheredRows.pack(view, at: places, imagesPerPlace: count, into: &packed, from: 0)
    }
    gathered[place] = made
    return made
  }

  /// The label of each row of `rows(_:)`, where the batch has one for each of them. Collective.
  /// - Throws: `LongtailError` where labels belong to other rows.
  public func labels(_ place: PortPlace) throws -> [Int32] {
    let view = try inputs.values(place)
    let rows = view.rowsPerImage * imagesPerImage(place.network)
    let labels = inputs.targets.labels
    guard labels.count == view.rows else {
      throw LongtailError(
        .internalError, "\(place) has \(view.rows) rows, but there are \(labels.count) labels",
        advice: "Take a port with a row for each label.")
    }
    return try column(rowsPerImage: rows) { Double(labels[$0]) }.map { Int32($0) }
  }

  /// The sample that each row of `rows(_:)` was made of, by its index in the split. Collective.
  public func samples(_ place: PortPlace) throws -> [Int] {
    let rows = try inputs.values(place).rowsPerImage * imagesPerImage(place.network)
    return try column(rowsPerImage: rows) { Double(context.samples[$0 / rows]) }.map { Int($0) }
  }

  /// One whole number for each row, gathered.
  private func column(rowsPerImage: Int, _ value: (Int) -> Double) throws -> [Double] {
    let places = try places()
    var packed = [Double](repeating: 0, count: places.images * rowsPerImage)
    for (image, place) in places.own.enumerated() {
      for row in 0..<rowsPerImage { packed[place * rowsPerImage + row] = value(image * rowsPerImage + row) }
    }
    try communicator.sum(&packed)
    return packed
  }

  private func gather(width: Int, rowsPerImage: Int, _ pack: (inout [Double], BatchPlaces) throws -> Void) throws -> GatheredRows {
    let places = try places()
    var packed = [Double](
      repeating: 0, count: GatheredRows.packedCount(images: places.images, rowsPerImage: rowsPerImage, width: width))
    try pack(&packed, places)
    try communicator.sum(&packed)
    return GatheredRows(packed[...], width: width)
  }

  /// Where this rank's images stand in the global batch.
  /// - Throws: `LongtailError` for a follower that did not ask for places.
  public func places() throws -> BatchPlaces {
    guard let places = inputs.places else { throw LongtailError(.internalError, "a follower takes rows that it did not ask for") }
    return places
  }
}
