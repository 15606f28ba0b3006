import Tensors

/// A part of an objective's running state.
public struct RunningStateRow: Sendable, Hashable {
  /// What its numbers may be. None is infinite.
  public enum Values: Sendable {
    /// Numbers from 0 on.
    case nonNegative
    /// Whole numbers from 0 on.
    case whole
  }

  /// The name, as checkpoints keep it.
  public var name: String
  /// What its numbers may be.
  public var values: Values

  /// Names a part.
  public init(_ name: String, _ values: Values = .nonNegative) {
    self.name = name
    self.values = values
  }

  func allows(_ number: Double) -> Bool {
    number >= 0 && number.isFinite && (values == .nonNegative || Int(exactly: number) != nil)
  }
}

extension Objective {
  /// Running state by name, as checkpoints keep it; empty for objectives without.
  public var state: [String: [Double]] {
    var state: [String: [Double]] = [:]
    visitState { leaf, numbers in state[leaf.name] = numbers }
    return state
  }

  /// Takes over what `state` gave.
  /// - Throws: `LongtailError` if names or sizes do not fit, or numbers are damaged; nothing is changed then.
  public func restore(state: [String: [Double]]) throws {
    var rest = state
    try visitState { leaf, numbers in
      let found = rest.removeValue(forKey: leaf.name)
      guard let found, found.count == numbers.count else {
        throw LongtailError(
          .mismatch,
          "objective \(name): the checkpoint holds \(found.map { "\($0.count) numbers" } ?? "nothing") for state '\(leaf.name)', "
            + "expected \(numbers.count)",
          advice: "Resume with the objective's settings and the number of classes that the run was started with.")
      }
      guard found.allSatisfy(leaf.allows) else {
        throw LongtailError(.mismatch, "objective \(name): the checkpoint's state '\(leaf.name)' is damaged")
      }
    }
    if let foreign = rest.keys.min() {
      throw LongtailError(
        .mismatch, "the checkpoint holds state '\(foreign)' for objective \(name), which does not keep it",
        advice: "Resume with the objective and the settings that the run was started with.")
    }
    visitState { leaf, numbers in numbers = state[leaf.name] ?? numbers }
  }
}

extension Objective {
  /// Names each row of the running state.
  public func describeState(in tree: inout StateTree) {
    for (name, numbers) in state.sorted(by: { $0.key < $1.key }) {
      tree.row(name, count: numbers.count, title: "objective's state \(name)") { [self] in
        state[name] ?? []
      } set: { [self] row in
        try restore(state: state.merging([name: row]) { $1 })
      }
    }
  }
}
