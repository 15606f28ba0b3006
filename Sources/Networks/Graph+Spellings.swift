extension Graph {
  /// The names under which a tensor of a file may be known here, the likeliest first.
  ///
  /// Files of a backbone alone lack `backbone.`, in detectors `backbone.body.`. Detectors' files from before torchvision 0.14 lack a part of the
  /// names of the pyramid and of the first stage's head: `inner_blocks.0.weight`, now `inner_blocks.0.0.weight`.
  static func spellings(of name: String) -> [String] {
    var names = [name, backboneName + name, "\(backboneName)body.\(name)"]
    let parts = name.split(separator: ".").map(String.init)
    for stem in ["inner_blocks", "layer_blocks"] {
      if let place = parts.firstIndex(of: stem), parts.count == place + 3 {
        names.append((parts[0...place + 1] + ["0"] + parts[(place + 2)...]).joined(separator: "."))
      }
    }
    let former = "rpn.head.conv."
    if name.hasPrefix(former), parts.count == 4 { names.append("\(former)0.0.\(parts[3])") }
    return names
  }

  /// The names of the layers whose shape depends on the classes: those that compute the logits, auxiliary ones, and in networks behind this
  /// one every output.
  var headLayers: [String] {
    guard hasContinuedLogits else { return logitsLayers }
    return continuations.flatMap { next in
      next.graph.ports.filter { $0.port != .features }.compactMap { next.graph.producer(of: $0.value).map { next.graph.nodes[$0].name } }
    }
  }
}

extension [Int] {
  /// Whether tensors of these extents have the same numbers in the same order: equal, or a matrix beside the kernel that covers its input.
  func isSame(as other: [Int]) -> Bool {
    func matrix(_ extents: [Int]) -> [Int] { extents.count == 4 ? [extents[0], extents[1] * extents[2] * extents[3]] : extents }
    return self == other || (Swift.min(count, other.count) == 2 && Swift.max(count, other.count) == 4 && matrix(self) == matrix(other))
  }
}

extension Graph {
  /// Whether names are those of a detector as torchvision published it: in the early form, frozen, and with an epsilon of 0.
  static func isPublishedDetector(_ names: [String]) -> Bool {
    names.contains("rpn.head.conv.weight") && !names.contains { $0.hasSuffix(".num_batches_tracked") }
  }

  /// By the name of each running variance of a frozen layer what the layer adds to it.
  var epsilonsOfVariances: [String: Float] {
    var found: [String: Float] = [:]
    for node in nodes {
      guard let layer = node.layer as? BatchNormalization, layer.isFrozen else { continue }
      found["\(node.name).running_var"] = Float(layer.epsilon)
    }
    return found
  }
}
