import Networks
import Tensors

extension Learner {
  /// The norms of what the optimizer remembers of each class, by the name of its buffer, such as `firstMoment`: over the class's row of the
  /// weights that compute its score, and its bias. Empty where the optimizer remembers nothing, or where the last layer is not trained or
  /// has no row for each class.
  ///
  /// The same on all ranks, without a message between them. Costs a conversion of that layer's numbers: for evaluations, not for steps.
  /// - Throws: `LongtailError` from the conversion.
  package func classifierMoments() throws -> [(name: String, norms: [Double])] {
    let tensors = network.trainedTensors
    guard let layer = try classifierLayer(), let weight = tensors.first(where: { $0.name == "\(layer).weight" }),
      let classes = weight.shape.first, classes > 0
    else { return [] }
    let bias = tensors.first { $0.name == "\(layer).bias" && $0.shape == [classes] }
    return try optimizer.state.map { name, buffer in
      let weights = try weight.read(buffer)
      let biases = try bias?.read(buffer)
      let length = weights.count / classes
      return (
        name,
        (0..<classes).map { k in
          var sum = biases.map { Double($0[k]) * Double($0[k]) } ?? 0
          for number in weights[k * length..<(k + 1) * length] { sum += Double(number) * Double(number) }
          return sum.squareRoot()
        }
      )
    }
  }

  /// The last layer with parameters on the way to the logits, behind which they are only resized; nil where several ways lead there.
  private func classifierLayer() throws -> String? {
    let names = Set(network.parameterTensors.map(\.name))
    var value = try network.graph.value(of: .logits)
    while let node = network.graph.nodes.first(where: { $0.output == value }) {
      if names.contains("\(node.name).weight") { return node.name }
      guard node.inputs.count == 1 else { return nil }
      value = node.inputs[0]
    }
    return nil
  }
}
