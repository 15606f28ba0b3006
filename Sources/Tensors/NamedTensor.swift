/// Numbers with a name and a shape, row-major, as files hold them: weights are O,I,H,W.
public struct NamedTensor: Sendable, Equatable {
  /// The name, in torchvision's style: `encoder.0.0.weight`.
  public var name: String
  /// Extents, outermost first. Empty for a single number.
  public var shape: [Int]
  /// The numbers, row-major; as many as the product of `shape`.
  public var values: [Float]

  /// Creates a named tensor.
  public init(name: String, shape: [Int], values: [Float]) {
    self.name = name
    self.shape = shape
    self.values = values
  }
}
