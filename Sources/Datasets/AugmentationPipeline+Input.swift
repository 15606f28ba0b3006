import Images
import Tensors

extension AugmentationPipeline: InputPipeline {
  /// Normalizes a prepared image; see the protocol.
  public func write(_ image: RGBImage, height: Int, width: Int, to planes: UnsafeMutableBufferPointer<Float>) throws -> Geometry {
    try withoutRandomness.write(image, epoch: 0, index: 0, height: height, width: width, to: planes)
  }

  /// The pipeline with what it knows of the training samples.
  public func informed(of classes: SampleClasses, names: [String], sampler: any Sampler) throws -> any InputPipeline {
    try knowing(classes, names: names, sampler: sampler)
  }

  /// Resizes, varies and normalizes a sample, and writes its targets under the same geometry.
  public func fill(_ slot: BatchSlot, from source: SampleSource) throws {
    let sample = try source.prepared(slot, by: prepared)
    if !isPlain { return try fill(slot, with: sample, from: source) }
    let geometry = try slot.withPlanes { planes in
      try write(
        sample.image, epoch: slot.epoch, index: slot.index, occurrence: slot.occurrence, height: slot.height, width: slot.width, to: planes)
    }
    try slot.targets.write(sample.annotation, geometry, at: slot.place)
  }

  /// The same where there is more than resize, scale, crop, flip and jitter.
  private func fill(_ slot: BatchSlot, with sample: AnnotatedImage, from source: SampleSource) throws {
    let draw = SampleDraw(seed: seed, epoch: slot.epoch, index: slot.index, occurrence: slot.occurrence)
    let view = try view(of: sample, draw: draw) { try source.prepared($0, by: prepared) }
    let geometry = try slot.withPlanes { try write(view, height: slot.height, width: slot.width, to: $0) }
    try slot.targets.write(view.annotation, geometry, at: slot.place)
    guard let second = view.second else { return }
    guard let rows = slot.targets as? RowLabels else {
      throw LongtailError(.internalError, "\(type(of: slot.targets)) has no place for the second labels of mixup")
    }
    try rows.writeSecond(second.labels, share: second.share, geometry, at: slot.place)
  }
}
