import Settings
import Tensors

/// Settings of networks on a ResNet, beside its depth.
public struct SegmentationOptions: Sendable, Equatable {
  /// Pixels that a position of the backbone's last stage stands for: 8, 16 or 32. Nil is the network's own.
  public var outputStride: Int?
  /// What the auxiliary head's loss is multiplied by; 0 leaves the head out. Nil is the network's own: 0.4, or no head.
  public var auxiliaryWeight: Double?
  /// The share of numbers that dropout sets to zero in all heads. Nil is each head's own: 0.5 behind the pyramid, 0.1 elsewhere.
  public var dropout: Double?

  /// The network's own.
  public init() {}
}

extension SegmentationOptions: Section {
  /// Shows every key.
  public mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.optionalKey(
      "outputStride", &outputStride, "pixels that a position of the backbone's last stage stands for; the network's own when not given",
      .oneOf([8, 16, 32]))
    visitor.optionalKey(
      "auxiliaryWeight", &auxiliaryWeight,
      "what the auxiliary head's loss is multiplied by, 0 for no head; when not given 0.4 for fcn and deeplabv3, and no head elsewhere",
      .atLeast(0), .finite)
    visitor.optionalKey(
      "dropout", &dropout, "share of numbers set to zero in all heads; when not given 0.5 behind the pyramid and 0.1 elsewhere",
      .between(0, below: 1))
  }
}
