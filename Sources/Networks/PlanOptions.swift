import Tensors

/// Settings that hold for all plans of a network.
public struct PlanOptions {
  /// Adds up a vector over all ranks, in place. Nil where batch norm's statistics are each rank's own, or there is one rank.
  public var synchronize: ((UnsafeMutableBufferPointer<Double>) throws -> Void)?
  /// How the algorithm of each convolution and pass is chosen.
  package var algorithms: AlgorithmPolicy
  /// Computes normalized activations again in the backward pass where that saves memory: a quarter of the arena of a U-Net for one more
  /// pass over half of its activations. The numbers are the same, bit by bit.
  public var recomputesActivations = true
  /// Channels that lie together in the activations of convolutions; nil leaves that to the library, which takes 16 where the processor has
  /// AVX-512 and 8 where it has AVX2. Our own kernels compute on blocks of 8.
  public var channelBlock: Int?
  /// The number of images that algorithms are chosen for, in plans of any number of images, so that a smaller last batch and an evaluation
  /// compute as the rest of a run does; nil takes that of the network's first plan.
  public var decisiveImages: Int?
  /// Times a convolution's kernel even where it is the only one, so that whole plans can be compared.
  var measuresAllConvolutions = false
  /// Times slow candidates as often as fast ones.
  var timesThoroughly = false
  /// Lets the library's reference loops pass, for tests with odd channel counts.
  public var allowsReferenceKernels: Bool

  /// Settings.
  public init(
    synchronize: ((UnsafeMutableBufferPointer<Double>) throws -> Void)? = nil, algorithms: AlgorithmPolicy = .model(),
    allowsReferenceKernels: Bool = false
  ) {
    self.synchronize = synchronize
    self.algorithms = algorithms
    self.allowsReferenceKernels = allowsReferenceKernels
  }
}
