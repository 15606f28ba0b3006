/// A part of what a run remembers from one step to the next.
///
/// It names its leaves once. From then on they are saved, restored, sent to other ranks, compared over them, digested and listed: all of
/// that walks over a `StateTree`, and knows nothing of the part.
public protocol Stateful: AnyObject {
  /// Names every leaf and every part below, always the same ones in the same order.
  func describeState(in tree: inout StateTree)
}

/// Whose numbers a leaf holds.
public enum StateSharing: Sendable, Hashable {
  /// The same bits on every rank.
  case replicated
  /// Each rank's own. Files hold rank zero's in the leaf's place, and those of all ranks in one row a rank, which is called
  /// `<row>.rank.<r>` and holds all leaves of that row one after the other. On another number of ranks all go on with rank zero's.
  case perRank(row: String)
}

/// A number, or a row of them, that a leaf can hold beside the numbers in buffers.
public protocol StateValue {
  /// The kind of number in files.
  static var elementType: ElementType { get }
  /// The extents in files; nil for a row of any length.
  static var stateShape: [Int]? { get }
  /// The numbers as files hold them.
  var stateValues: TensorValues { get }
  /// Takes numbers from a file, whose kind and shape have been checked.
  init?(stateValues: TensorValues)
}

extension Int: StateValue {
  /// 64 bits.
  public static var elementType: ElementType { .int64 }
  /// A single number.
  public static var stateShape: [Int]? { [] }
  /// The number.
  public var stateValues: TensorValues { .int64([Int64(self)]) }
  /// The first number.
  public init?(stateValues: TensorValues) {
    guard let first = stateValues.integers?.first else { return nil }
    self.init(first)
  }
}

extension Double: StateValue {
  /// Double precision.
  public static var elementType: ElementType { .float64 }
  /// A single number.
  public static var stateShape: [Int]? { [] }
  /// The number.
  public var stateValues: TensorValues { .float64([self]) }
  /// The first number.
  public init?(stateValues: TensorValues) {
    guard let first = stateValues.doubles?.first else { return nil }
    self = first
  }
}

extension [Double]: StateValue {
  /// Double precision.
  public static var elementType: ElementType { .float64 }
  /// A row of any length.
  public static var stateShape: [Int]? { nil }
  /// The row.
  public var stateValues: TensorValues { .float64(self) }
  /// The row.
  public init?(stateValues: TensorValues) {
    guard let doubles = stateValues.doubles else { return nil }
    self = doubles
  }
}
