import Datasets
import Images
import Tensors

extension RecognitionInput {
  /// Fills one place of a batch: every view, and the label; where images are mixed, the partner's view and label too.
  package func fill(_ slot: BatchSlot, from source: SampleSource) throws {
    var label: any Annotation = ImageClass(-1)
    var second: (annotation: any Annotation, share: Float)?
    var geometry = Geometry(ImageSize(width: slot.width, height: slot.height), output: ImageSize(width: slot.width, height: slot.height))
    for view in views.indices {
      let own = try viewed(
        of: slot.index, occurrence: slot.occurrence, view: view, epoch: slot.epoch, view == 0 ? slot : nil, source)
      label = own.annotation
      let decision = mixing?.decision(epoch: slot.epoch, step: slot.step, count: slot.samples.count, size: own.image.size)
      try slot.withPlanes(view: view) { planes in
        geometry = try write(own.image, height: slot.height, width: slot.width, to: planes)
        guard let decision else { return }
        second = (own.annotation, 0)
        let position = decision.partners[slot.position]
        guard decision.share < 1, position != slot.position else { return }
        let partner = try viewed(
          of: slot.samples[position], occurrence: slot.occurrences[position], view: view, epoch: slot.epoch, nil, source)
        second = (partner.annotation, Float(1 - decision.share))
        try withUnsafeTemporaryAllocation(of: Float.self, capacity: planes.count) { other in
          other.initialize(repeating: 0)
          _ = try write(partner.image, height: slot.height, width: slot.width, to: other)
          decision.mix(planes, with: UnsafeBufferPointer(other), size: ImageSize(width: slot.width, height: slot.height))
        }
      }
    }
    try slot.targets.write(label, geometry, at: slot.place)
    guard let second else { return }
    guard let rows = slot.targets as? RowLabels else {
      throw LongtailError(.internalError, "\(type(of: slot.targets)) take no second labels")
    }
    try rows.writeSecond(second.annotation, geometry, share: second.share, at: slot.place)
  }

  /// A view of a sample, with its class.
  /// - Parameter slot: the place whose batch may keep the annotation; nil for a partner, and for further views.
  private func viewed(
    of index: Int, occurrence: Int, view: Int, epoch: Int, _ slot: BatchSlot?, _ source: SampleSource
  ) throws -> AnnotatedImage {
    let number = RecognitionInput.viewNumber(view, occurrence: occurrence, viewCount: views.count)
    let steps = views[view]
    if steps.takesParts, let images = source.dataset as? RecognitionDataset {
      let content = try SampleSource.reading { try images.content(split: source.split, index: index) }
      let label = try images.label(split: source.split, index: index)
      if let slot { source.keep(label, slot) }
      let augmentation = steps.augmentation(for: content.size, seed: seed)
      let image = try SampleSource.reading {
        try content.view(augmentation, range: images.range, epoch: epoch, sample: index, view: number)
      }
      return AnnotatedImage(image: image, annotation: label)
    }
    let sample = try slot.map { try source.prepared($0, by: prepared) } ?? source.prepared(index, by: prepared)
    // What is kept is what the first view begins with.
    let image = view == 0 ? sample.image : steps.prepared(sample.image)
    let augmentation = steps.augmentation(for: image.size, seed: seed)
    return AnnotatedImage(
      image: augmentation.view(of: image, epoch: epoch, sample: index, view: number), annotation: sample.annotation)
  }

  /// The number that a view's random decisions are drawn with: each occurrence of a sample in an epoch has views of its own, and none has
  /// the number that a batch's mixing is drawn with.
  static func viewNumber(_ view: Int, occurrence: Int, viewCount: Int) -> Int {
    let number = view + occurrence * viewCount
    return number < 1 << 20 ? number : number + 1
  }
}
