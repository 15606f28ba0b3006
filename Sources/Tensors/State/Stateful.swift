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

/// A kind of number of which a leaf can hold a row.
public protocol StateNumber {
  /// The kind of number in files.
  static var rowType: ElementType { get }
  /// A row as files hold it.
  static func stored(_ row: [Self]) -> TensorValues
  /// A row from a file; nil where it holds another kind.
  static func row(_ values: TensorValues) -> [Self]?
}

extension Array: StateValue where Element: StateNumber {
  /// That of the elements.
  public static var elementType: ElementType { Element.rowType }
  /// A row of any length.
  public static var stateShape: [Int]? { nil }
  /// The row.
  public var stateValues: TensorValues { Element.stored(self) }
  /// The row.
  public init?(stateValues: TensorValues) {
    guard let row = Element.row(stateValues) else { return nil }
    self = row
  }
}

extension Double: StateNumber {
  /// Double precision.
  public static var rowType: ElementType { .float64 }
  /// The row.
  public static func stored(_ row: [Double]) -> TensorValues { .float64(row) }
  /// The row.
  public static func row(_ values: TensorValues) -> [Double]? { values.doubles }
}

extension Float: StateNumber {
  /// Single precision.
  public static var rowType: ElementType { .float32 }
  /// The row.
  public static func stored(_ row: [Float]) -> TensorValues { .float32(row) }
  /// The row.
  public static func row(_ values: TensorValues) -> [Float]? { values.floats }
}

extension Int: StateNumber {
  /// 64 bits.
  public static var rowType: ElementType { .int64 }
  /// The row.
  public static func stored(_ row: [Int]) -> TensorValues { .int64(row.map { Int64($0) }) }
  /// The row.
  public static func row(_ values: TensorValues) -> [Int]? { values.integers?.map { Int($0) } }
}
