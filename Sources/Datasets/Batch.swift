import Images
import Tensors

/// One rank's part of a step: pictures and labels, ready for a network.
///
/// Its memory belongs to a loader's ring: hand it back with `BatchLoader.recycle` when it has been used.
public final class Batch: @unchecked Sendable {
  /// Pictures as float32 N,C,H,W (planes red, green, blue), normalized. Room for `capacity` pictures; `imageCount` are valid.
  public let images: HostBuffer
  /// A label for each pixel of the valid pictures, N,H,W; -1 is ignored.
  public internal(set) var labels: [Int32]
  /// Index in the split of each picture.
  public internal(set) var sampleIndices: [Int]
  /// How often each picture's sample came before in the epoch: 0 but where a sampler repeats samples.
  public internal(set) var occurrences: [Int]
  /// Number of pictures of each micro-batch, in order; they add up to `imageCount`.
  public internal(set) var microBatches: [Int]
  /// Labels of each picture at its original size, where the loader was asked to keep them.
  public internal(set) var originalLabels: [LabelImage]
  /// The epoch, counted from 0.
  public internal(set) var epoch: Int
  /// The step in its epoch, counted from 0.
  public internal(set) var step: Int
  /// Rows of a picture.
  public let height: Int
  /// Columns of a picture.
  public let width: Int
  /// Pictures that fit.
  public let capacity: Int

  /// Number of pictures; may be 0 where this rank has none in this step.
  public var imageCount: Int { sampleIndices.count }

  init(capacity: Int, height: Int, width: Int) {
    self.capacity = capacity
    self.height = height
    self.width = width
    images = HostBuffer(floatCount: capacity * 3 * height * width)
    labels = []
    labels.reserveCapacity(capacity * height * width)
    sampleIndices = []
    occurrences = []
    microBatches = [0]
    originalLabels = []
    epoch = 0
    step = 0
  }

  /// Sets number and origin of the pictures, before they are filled in.
  func prepare(epoch: Int, step: Int, samples: [Int], occurrences: [Int]? = nil, microBatches: [Int]? = nil) {
    self.epoch = epoch
    self.step = step
    sampleIndices = samples
    self.occurrences = occurrences ?? [Int](repeating: 0, count: samples.count)
    self.microBatches = microBatches ?? [samples.count]
    originalLabels = []
    let count = samples.count * height * width
    if labels.count > count { labels.removeLast(labels.count - count) }
    if labels.count < count { labels.append(contentsOf: repeatElement(-1, count: count - labels.count)) }
  }
}
