import Images
import Tensors

/// How samples become a network's input: decoding, random changes, normalization, with the annotation under the same geometry.
///
/// What chance decides is a function of (seed, epoch, sample, occurrence), or of (seed, epoch, step) for what concerns a whole batch: never
/// of ranks or threads.
public protocol InputPipeline: Sendable {
  /// Views of each sample in a batch, at least 1.
  var viewCount: Int { get }
  /// The size that every sample has in the end, where settings alone decide it; nil where it depends on the sample.
  var fixedOutputSize: ImageSize? { get }
  /// Checks all values.
  /// - Throws: `.usage` naming the value that is impossible.
  func validate() throws
  /// The part that is the same in every epoch, so that its result can be kept.
  func prepared(_ sample: AnnotatedImage) -> AnnotatedImage
  /// The same for an image alone, as a network that judges or predicts is to see it.
  func prepared(_ image: RGBImage) -> RGBImage
  /// Writes a prepared image as a network takes it, without chance: at the upper left of each plane, 0 (the mean colour) elsewhere.
  /// - Parameters:
  ///   - image: as `prepared` gave it.
  ///   - height: rows of the output, at least those of the image.
  ///   - width: columns of the output.
  ///   - planes: `3 * height * width` floats: the planes red, green, blue.
  /// - Returns: where the image lies in the output.
  /// - Throws: `.badData` where the image is larger than the output.
  func write(_ image: RGBImage, height: Int, width: Int, to planes: UnsafeMutableBufferPointer<Float>) throws -> Geometry
  /// Whether the classes of each sample have to be counted before the first batch.
  var needsClasses: Bool { get }
  /// The pipeline with what it has to know of the samples that it will get, where it has to know anything.
  /// - Parameters:
  ///   - classes: the classes of each sample, in the order of the indices.
  ///   - names: of the classes, in order.
  ///   - sampler: which draws the samples.
  /// - Throws: `.usage` for classes that there are not, `.badData` where no sample has a class.
  func informed(of classes: SampleClasses, names: [String], sampler: any Sampler) throws -> any InputPipeline
  /// Fills one place of a batch: the images of all views, and the targets. Called from several threads at a time, for different batches.
  /// - Throws: what reading the samples throws, and `.badData` for a sample that does not fit.
  func fill(_ slot: BatchSlot, from source: SampleSource) throws
}

extension InputPipeline {
  /// One view.
  public var viewCount: Int { 1 }
  /// False.
  public var needsClasses: Bool { false }
  /// The same pipeline.
  public func informed(of classes: SampleClasses, names: [String], sampler: any Sampler) throws -> any InputPipeline { self }
}

/// The pipelines of a task: one with chance and one without.
public struct InputPipelines: Sendable {
  /// How training samples become input.
  public var training: any InputPipeline
  /// How evaluated samples do.
  public var evaluation: any InputPipeline
  /// Views of each training sample that the run's method asks for.
  public var wantedViews = 1

  /// Names both.
  public init(training: any InputPipeline, evaluation: any InputPipeline) { (self.training, self.evaluation) = (training, evaluation) }
}

/// One place of a batch that is being filled.
public struct BatchSlot {
  let batch: Batch
  /// The place in this rank's batch.
  public let place: Int

  /// The epoch, counted from 0.
  public var epoch: Int { batch.epoch }
  /// The step in its epoch, counted from 0.
  public var step: Int { batch.step }
  /// The sample's index in its split.
  public var index: Int { batch.sampleIndices[place] }
  /// How often the sample came before in the epoch.
  public var occurrence: Int { batch.occurrences[place] }
  /// The place in the global batch of the step.
  public var position: Int { batch.global.positions[place] }
  /// The samples of the global batch of the step, by position: the same on every rank.
  public var samples: [Int] { batch.global.samples }
  /// How often each of `samples` came before in the epoch.
  public var occurrences: [Int] { batch.global.occurrences }
  /// Rows of the input.
  public var height: Int { batch.height }
  /// Columns of the input.
  public var width: Int { batch.width }
  /// What the outputs will be measured against: this sample's are at `place`.
  public var targets: any Targets { batch.targets }

  /// The planes of the image in a view, `3 * height * width` floats that hold what an earlier batch left.
  /// - Throws: `LongtailError` where the batch has no such view, and what `body` throws.
  public func withPlanes<Result>(view: Int = 0, _ body: (UnsafeMutableBufferPointer<Float>) throws -> Result) throws -> Result {
    let count = 3 * height * width
    return try batch.images(ofView: view).withFloats { floats in
      try body(UnsafeMutableBufferPointer(rebasing: floats[count * place..<count * (place + 1)]))
    }
  }
}

/// The samples of a split, as a pipeline gets at them. Several threads may ask at a time.
public final class SampleSource: Sendable {
  /// The data set.
  public let dataset: any ImageDataset
  /// The split.
  public let split: Split
  private let keepsAnnotations: Bool
  private let cache: SampleCache

  /// - Parameters:
  ///   - cacheBytes: memory for what pipelines prepare.
  ///   - keepsAnnotations: whether batches get the annotations as the data set has them.
  init(_ dataset: any ImageDataset, _ split: Split, cacheBytes: Int, keepsAnnotations: Bool) {
    (self.dataset, self.split, self.keepsAnnotations) = (dataset, split, keepsAnnotations)
    cache = SampleCache(byteCount: cacheBytes)
  }

  /// A sample as the data set has it. It is not kept.
  /// - Throws: `.missingInput`, `.badData` with the name of the file.
  public func sample(_ index: Int) throws -> AnnotatedImage {
    try SampleSource.reading { try dataset.annotatedImage(split: split, index: index) }
  }

  /// Reads from the data set by a way of the pipeline's own; errors are those of the data set, with the name of the file.
  /// - Throws: what `body` throws.
  public static func reading<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch { throw UnreadableSample(cause: error) }
  }

  /// A sample as a pipeline prepares it; kept as long as there is memory for it.
  /// - Parameter prepare: what is the same in every epoch.
  /// - Throws: as `sample`.
  public func prepared(_ index: Int, by prepare: (AnnotatedImage) throws -> AnnotatedImage) throws -> AnnotatedImage {
    try entry(index, prepare).sample
  }

  /// The sample of a slot, as a pipeline prepares it; the batch keeps its annotation where it is to.
  /// - Throws: as `sample`.
  public func prepared(_ slot: BatchSlot, by prepare: (AnnotatedImage) throws -> AnnotatedImage) throws -> AnnotatedImage {
    let entry = try entry(slot.index, prepare)
    if let annotation = entry.original { keep(annotation, slot) }
    return entry.sample
  }

  /// Hands the annotation of a slot's sample to its batch, where the batch is to have it; for pipelines that do not ask for `prepared`.
  public func keep(_ annotation: any Annotation, _ slot: BatchSlot) {
    if keepsAnnotations { slot.batch.annotations.append(annotation) }
  }

  private func entry(_ index: Int, _ prepare: (AnnotatedImage) throws -> AnnotatedImage) throws -> SampleCache.Entry {
    if let entry = cache.entry(index) { return entry }
    let sample = try sample(index)
    let entry = SampleCache.Entry(sample: try prepare(sample), original: keepsAnnotations ? sample.annotation : nil)
    cache.keep(entry, at: index)
    return entry
  }
}

/// A sample that the data set could not give. Its cause names the file already.
struct UnreadableSample: Error {
  let cause: any Error
}
