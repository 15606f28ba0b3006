import Tensors

/// What the networks on a ResNet can be told beside their depth.
public struct SegmentationOptions: Sendable, Equatable {
  /// Pixels that a position of the backbone's last stage stands for: 8, 16 or 32. Nil is the network's own.
  public var outputStride: Int?
  /// What the auxiliary head's loss is multiplied by; 0 leaves the head out. Nil is the network's own: 0.4, or no head.
  public var auxiliaryWeight: Double?
  /// The share of numbers that dropout sets to zero in all heads. Nil is each head's own: 0.5 behind the pyramid, 0.1 elsewhere.
  public var dropout: Double?

  /// The network's own.
  public init() {}

  /// The names of the settings in configurations.
  static let names = ["outputStride", "auxiliaryWeight", "dropout"]

  /// Reads `model.settings`.
  /// - Throws: `LongtailError` with code `usage` for a value that cannot be.
  init(_ settings: [String: SettingValue]) throws {
    func refused(_ key: String, _ value: SettingValue, _ expected: String) -> LongtailError {
      LongtailError(.usage, "model.settings.\(key) is \(value), expected \(expected)")
    }
    if let value = settings["outputStride"] {
      guard let stride = value.intValue, [8, 16, 32].contains(stride) else { throw refused("outputStride", value, "8, 16 or 32") }
      outputStride = stride
    }
    if let value = settings["auxiliaryWeight"] {
      guard let weight = value.doubleValue, weight >= 0, weight.isFinite else {
        throw refused("auxiliaryWeight", value, "a number of at least 0")
      }
      auxiliaryWeight = weight
    }
    if let value = settings["dropout"] {
      guard let share = value.doubleValue, (0..<1).contains(share) else { throw refused("dropout", value, "a number in [0, 1)") }
      dropout = share
    }
  }
}
