extension Batch {
  /// A batch without pictures, for a rank that has none to give but has to take part in a step.
  public convenience init(withoutPicturesOf epoch: Int, step: Int, height: Int, width: Int) {
    self.init(capacity: 0, height: height, width: width)
    self.epoch = epoch
    self.step = step
  }
}
