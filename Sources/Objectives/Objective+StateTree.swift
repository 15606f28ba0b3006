import Tensors

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
