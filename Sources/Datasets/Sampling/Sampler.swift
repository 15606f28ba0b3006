/// Which samples an epoch is made of, and in which order: a function of seed and epoch alone, whoever asks.
///
/// Nothing is remembered between epochs, so that a run goes on anywhere, and each rank takes its positions of the same order
/// (``BatchDivision``). To add one: its file, its test, its line in ``SamplerRegistry``.
public protocol Sampler: Sendable {
  /// Number of samples that it chooses from.
  var sampleCount: Int { get }
  /// Positions of an epoch, the same for every epoch; at least 1 where there are samples.
  var epochLength: Int { get }
  /// The sample at each position of an epoch: `epochLength` indices from `0..<sampleCount`.
  func samples(epoch: Int) -> [Int]
  /// How often each sample is expected in an epoch, over all seeds: exact, not measured. They add up to `epochLength`.
  func expectedCopies(epoch: Int) -> [Double]
  /// Whether `expectedCopies` is another one in another epoch.
  var changesOverEpochs: Bool { get }
  /// How it draws, where it draws a class first and then one of the class's samples; nil for all others, and where that changes over
  /// epochs.
  var classDraw: ClassDraw? { get }
}

extension Sampler {
  /// False.
  public var changesOverEpochs: Bool { false }
  /// Nil.
  public var classDraw: ClassDraw? { nil }
}

extension SampleOrder: Sampler {
  /// The number of samples.
  public var sampleCount: Int { count }
  /// The number of samples.
  public var epochLength: Int { count }
  /// All samples, each once.
  public func samples(epoch: Int) -> [Int] { permutation(epoch: epoch) }
  /// Once each.
  public func expectedCopies(epoch: Int) -> [Double] { [Double](repeating: 1, count: count) }
}
