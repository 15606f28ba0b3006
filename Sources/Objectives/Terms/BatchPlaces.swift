/// Where a rank's images stand in the global batch.
///
/// The order of the global batch is that of the sampler, micro-batch after micro-batch, and depends on no number of ranks.
public struct BatchPlaces: Sendable, Equatable {
  /// Images of the global batch.
  public let images: Int
  /// The place of each of this rank's images, in their order.
  public let own: [Int]

  /// Names the places.
  public init(images: Int, own: [Int]) {
    self.images = images
    self.own = own
  }

  /// All images are this rank's.
  public init(all images: Int) { self.init(images: images, own: Array(0..<images)) }

  /// The places of one rank.
  /// - Parameters:
  ///   - counts: images of each rank, by micro-batch: micro-batches are stretches of the global batch, and the ranks of each share it in
  ///     order.
  ///   - rank: the rank.
  public init(counts: [[Int]], rank: Int) {
    var start = 0
    var own: [Int] = []
    for microBatch in counts {
      for (other, count) in microBatch.enumerated() {
        if other == rank { own += start..<start + count }
        start += count
      }
    }
    self.init(images: start, own: own)
  }
}
