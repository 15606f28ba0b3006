extension Batch {
  /// Begins a batch that is filled by hand: whose images it will hold.
  /// - Parameter samples: their indices in the split; at most `capacity`.
  package func begin(epoch: Int, step: Int, samples: [Int]) { prepare(epoch: epoch, step: step, samples: samples) }
}
