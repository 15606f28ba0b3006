import Tensors

extension Optimizer {
  /// Names the buffers and the number of updates.
  /// - Parameter tensors: the parameters' layout, which the buffers have too.
  public func describeState(in tree: inout StateTree, tensors: [FlatTensor]) {
    for (name, buffer) in state {
      tree.child(name) { $0.tensors(tensors, in: buffer) { "\(name) of \($0)" } }
    }
    tree.value("stepCount", of: self, \.stepCount, title: "optimizer's step number")
  }
}
