import Tensors

extension Graph {
  /// The last layer with parameters before a port, and their names: what computes class scores, or scales them.
  /// - Throws: `LongtailError` for a port that does not exist, or that nothing is learned for.
  package func lastTrainedLayer(before port: Port) throws -> (name: String, parameters: [ParameterSpecification]) {
    var place = producer(of: try value(of: port))
    while let index = place {
      let node = nodes[index]
      let parameters = node.layer.parameters(node.inputs.map(channels(of:)))
      if !parameters.isEmpty { return (node.name, parameters) }
      place = node.inputs.first.flatMap(producer(of:))
    }
    throw LongtailError(.usage, "nothing is learned before port '\(port)' of this network")
  }

  /// What is pooled over the whole image to give a port.
  /// - Throws: `LongtailError` for a port that does not exist, or is no mean over an image.
  package func map(pooledInto port: Port) throws -> Value {
    guard let index = producer(of: try value(of: port)), nodes[index].layer is GlobalAveragePooling else {
      throw LongtailError(
        .usage, "port '\(port)' of this network is not the mean of a feature map", advice: "Choose a network of task recognition.")
    }
    return nodes[index].inputs[0]
  }

  /// The same network with another layer in place of all that computes the logits from an activation on.
  ///
  /// Ports that do not depend on what is left out stay; auxiliary outputs stay with their weights.
  package func replacingHead(on base: Value, by layer: some Layer, named name: String) -> Graph {
    let logits = producer(of: output).map { nodes[$0].output } ?? input
    let kept = ports.filter { $0.value != logits && $0.port != .logits && !$0.port.name.hasPrefix("logits.") }
    let needed = isNeeded(for: [base] + kept.map(\.value))
    var graph = Graph(inputChannels: inputChannels, strideMultiple: strideMultiple)
    graph.inputOrder = inputOrder
    var values: [Value: Value] = [input: graph.input]
    for (node, isNeeded) in zip(nodes, needed) where isNeeded {
      values[node.output] = graph.add(node.layer, named: node.name, to: node.inputs.map { values[$0] ?? graph.input })
    }
    var auxiliary = auxiliaryWeights[...]
    for (port, value) in kept {
      guard let made = values[value] else { continue }
      if port.name.hasPrefix("auxiliary."), let weight = auxiliary.popFirst() {
        graph.addAuxiliaryOutput(made, weight: weight)
      } else {
        graph.addPort(port, made)
      }
    }
    graph.add(layer, named: name, to: values[base] ?? graph.input)
    return graph
  }
}
