extension Batch {
  /// A batch without images, for a rank that has none to give but has to take part in a step.
  /// - Parameter targets: without any image, as the task makes them.
  package convenience init(withoutImagesIn epoch: Int, step: Int, height: Int, width: Int, targets: any Targets) {
    self.init(capacity: 0, height: height, width: width, targets: targets)
    self.epoch = epoch
    self.step = step
  }
}
