import Images
import Tensors

extension AugmentationPipeline: InputPipeline {
  /// Normalizes a prepared image; see the protocol.
  public func write(_ image: RGBImage, height: Int, width: Int, to planes: UnsafeMutableBufferPointer<Float>) throws -> Geometry {
    try withoutRandomness.write(image, epoch: 0, index: 0, height: height, width: width, to: planes)
  }

  /// Resizes, varies and normalizes a sample, and writes its targets under the same geometry.
  public func fill(_ slot: BatchSlot, from source: SampleSource) throws {
    let sample = try source.prepared(slot, by: prepared)
    let geometry = try slot.withPlanes { planes in
      try write(
        sample.image, epoch: slot.epoch, index: slot.index, occurrence: slot.occurrence, height: slot.height, width: slot.width, to: planes)
    }
    try slot.targets.write(sample.annotation, geometry, at: slot.place)
  }
}
