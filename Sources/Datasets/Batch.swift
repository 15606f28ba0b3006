import Images
import Tensors

/// One rank's part of a step: images and targets, ready for a network.
///
/// Its memory belongs to a loader's ring: hand it back with `BatchLoader.recycle` when it has been used.
public final class Batch: @unchecked Sendable {
  /// Images as float32 N,C,H,W (planes red, green, blue), normalized. Room for `capacity` images; `imageCount` are valid.
  public let images: HostBuffer
  /// What the images' outputs are measured against.
  public let targets: any Targets
  /// The same images in further views, such as a second crop, each laid out as `images`; empty where samples have one view.
  package var furtherViews: [HostBuffer] = []
  /// The global batch of the step, and where this rank's images stand in it.
  var global = Global(positions: [])
  /// Index in the split of each image.
  public private(set) var sampleIndices: [Int]
  /// How often each image's sample came before in the epoch: 0 but where a sampler repeats samples.
  public private(set) var occurrences: [Int]
  /// Number of images of each micro-batch, in order; they add up to `imageCount`.
  public internal(set) var microBatches: [Int]
  /// The annotation of each image as the data set has it, before any resizing, where the loader was asked to keep them.
  public internal(set) var annotations: [any Annotation]
  /// The epoch, counted from 0.
  public package(set) var epoch: Int
  /// The step in its epoch, counted from 0.
  public internal(set) var step: Int
  /// Rows of an image.
  public let height: Int
  /// Columns of an image.
  public let width: Int
  /// Images that fit.
  public let capacity: Int

  /// Number of images; may be 0 where this rank has none in this step.
  public var imageCount: Int { sampleIndices.count }

  /// The samples of all ranks in a step.
  struct Global {
    /// The sample at each position.
    var samples: [Int] = []
    /// How often it came before in the epoch.
    var occurrences: [Int] = []
    /// The positions of this rank's images.
    var positions: [Int]
  }

  init(capacity: Int, height: Int, width: Int, targets: any Targets, views: Int = 1) {
    self.capacity = capacity
    self.height = height
    self.width = width
    images = HostBuffer(floatCount: capacity * 3 * height * width)
    furtherViews = (1..<max(1, views)).map { _ in HostBuffer(floatCount: capacity * 3 * height * width) }
    self.targets = targets
    sampleIndices = []
    occurrences = []
    microBatches = [0]
    annotations = []
    epoch = 0
    step = 0
  }

  /// Sets number and origin of the images, before they are filled in.
  func prepare(epoch: Int, step: Int, _ global: Global, microBatches: [Int]? = nil) {
    self.epoch = epoch
    self.step = step
    self.global = global
    sampleIndices = global.positions.map { global.samples[$0] }
    occurrences = global.positions.map { global.occurrences[$0] }
    self.microBatches = microBatches ?? [sampleIndices.count]
    annotations = []
    targets.prepare(images: sampleIndices.count)
  }

  /// The same for a batch of all ranks' images.
  func prepare(epoch: Int, step: Int, samples: [Int]) {
    prepare(
      epoch: epoch, step: step,
      Global(samples: samples, occurrences: [Int](repeating: 0, count: samples.count), positions: Array(samples.indices)))
  }
}
