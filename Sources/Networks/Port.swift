import Tensors

/// The name of an activation that others read, or give a gradient to: `logits`, `features`, `auxiliary.0`, `p3.boxes`.
public struct Port: Hashable, Sendable, CustomStringConvertible {
  /// The name.
  public let name: String

  /// Names an activation.
  public init(_ name: String) { self.name = name }

  /// The class scores.
  public static let logits = Port("logits")
  /// What the classifier reads.
  public static let features = Port("features")
  /// The class scores of an auxiliary head.
  public static func auxiliary(_ index: Int) -> Port { Port("auxiliary.\(index)") }

  /// The name.
  public var description: String { name }
}

/// What a plan does with a port.
public enum PortUse: Hashable, Sendable {
  /// It is read after the forward pass.
  case values
  /// It is read, and its gradient is given before the backward pass.
  case gradient
}

/// The rows of a port: one for each position of each image.
public struct PortRows {
  /// Where the numbers lie after the forward pass.
  public internal(set) var values: RowsView
  /// Where their gradient has to be before the backward pass, all of it. Padded lanes are zero and must stay so. Nil where none is given.
  public let gradient: RowsView?
}
