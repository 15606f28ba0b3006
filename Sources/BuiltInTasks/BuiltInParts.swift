import Training

/// What of Longtail itself stands above the room that trains: its tasks, and the method and the epilogues that only one of them has.
package enum BuiltInParts {
  /// Registers them; a second call does nothing. Any thread may call it.
  ///
  /// Whatever reads configurations calls it first: the program before anything that others register.
  /// - Throws: `LongtailError(.usage)` for a name that is taken, and after the program has begun; every further call throws the same.
  package static func register() throws { try registration.get() }

  /// What came of registering: done once, by whoever asks first, while others wait.
  private static let registration = Result {
    for task in [TaskEntry.segmentation, .recognition, .detection] { try TaskRegistry.register(task) }
    try MethodRegistry.register(FasterRCNNMethod.entry)
    for epilogue in [RegionClassifier.entry, RegionBiasShift.entry] { try EpilogueRegistry.register(epilogue) }
  }
}
