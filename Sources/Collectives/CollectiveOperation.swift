/// The kinds of collectives, by which ranks that no longer do the same are found out.
public enum CollectiveOperation: Int, CaseIterable, Sendable {
  /// Packed numbers are added.
  case sum
  /// Whole numbers are added.
  case sumIntegers
  /// The least of each number is taken.
  case minimum
  /// The greatest of each number is taken.
  case maximum
  /// Flags are joined.
  case bitwiseOr
  /// Bytes go from one rank to all; counts as its root, since only that one knows how many.
  case broadcast
  /// Bytes go from all ranks to one; counts as its root, since each has as many as it likes.
  case gather
  /// Ranks wait for each other.
  case barrier
  /// A buffer for sums is made.
  case makeBuffer
  /// Such a buffer is summed.
  case sumBuffer
  /// The group ends.
  case finish

  /// `sum of 12 numbers`, `broadcast from rank 0`.
  package func text(count: Int) -> String {
    switch self {
    case .sum: "sum of \(count) numbers"
    case .sumIntegers: "sum of \(count) whole numbers"
    case .minimum: "minimum of \(count) numbers"
    case .maximum: "maximum of \(count) numbers"
    case .bitwiseOr: "joining of \(count) flags"
    case .broadcast: "broadcast from rank \(count)"
    case .gather: "gathering at rank \(count)"
    case .barrier: "barrier"
    case .makeBuffer: "making of a buffer of \(count) floats"
    case .sumBuffer: "sum of a buffer of \(count) floats"
    case .finish: "end of the group"
    }
  }
}
