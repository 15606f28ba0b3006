import Datasets
import Images
import Tensors

/// The processes that share an evaluation, as far as a tally has to know them.
public protocol TallyGroup {
  /// Adds the numbers of all processes, element by element.
  func sum(_ values: inout [Int64]) throws
  /// Adds the numbers of all processes, element by element, in the order of the processes.
  func sum(_ values: inout [Double]) throws
  /// The bytes of every process, in the order of the processes; lengths may differ.
  func gather(_ bytes: [UInt8]) throws -> [[UInt8]]
}

/// What is being counted while a split is evaluated: one on each rank, brought together once at the end.
///
/// Not every tally is a sum. Counts and confusions add up; detections are gathered, and matched when all of them are there.
public protocol Tally {
  /// Takes in a batch of this rank.
  /// - Parameters:
  ///   - batch: the images, with targets as the network's input has them, and annotations where those were asked for.
  ///   - outputs: what the network says; offsets of the objective are added already.
  /// - Throws: `LongtailError` for outputs that do not fit.
  mutating func add(_ batch: Batch, _ outputs: NetworkOutputs) throws
  /// Looks at one image of the split by itself and takes in what is found, for a task that asks for it (`Task.judgesSingleImages`).
  /// - Throws: `LongtailError` for files that cannot be read, or a size that the network cannot take.
  mutating func add(imageAt index: Int, _ network: InferenceNetwork) throws
  /// Brings the tallies of all ranks together; afterwards all ranks hold the same. Collective, and called once.
  mutating func reduce(over group: any TallyGroup) throws
  /// What the counts say, once they are together.
  func evaluation() throws -> Evaluation
}

extension Tally {
  /// No task asks for it unless it says so.
  public mutating func add(imageAt index: Int, _ network: InferenceNetwork) throws {
    throw LongtailError(.internalError, "\(type(of: self)) does not judge single images")
  }
}

/// What a tally has to know of an evaluation.
public struct TallyContext: Sendable {
  /// The evaluated split.
  public var split: Split
  /// The groups of the classes.
  public var groups: ClassGroups
  /// Extents of the images that the network sees, before padding.
  public var imageSize: ImageSize
  /// The same with padding.
  public var paddedSize: ImageSize
  /// How images become input.
  public var pipeline: any InputPipeline
  /// Whether predictions are compared at the annotations' own size, which batches then hold too.
  public var comparesAtOwnSize: Bool
  /// The most images of a batch on a rank.
  public var batch: Int

  /// Creates a tally context.
  public init(
    split: Split, groups: ClassGroups, imageSize: ImageSize, paddedSize: ImageSize, pipeline: any InputPipeline,
    comparesAtOwnSize: Bool, batch: Int = 1
  ) {
    (self.split, self.groups, self.imageSize, self.paddedSize) = (split, groups, imageSize, paddedSize)
    (self.pipeline, self.comparesAtOwnSize, self.batch) = (pipeline, comparesAtOwnSize, batch)
  }
}
