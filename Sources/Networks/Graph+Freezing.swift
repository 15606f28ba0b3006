import Tensors

extension Graph {
  /// What the names of a network's pretrained part begin with, in torchvision's style.
  public static let backboneName = "backbone."

  /// Tells the tensors of the part that pretrained weights have to fill: of the backbone, where a part is called so; else of all that the
  /// features are computed from, where there are some.
  public var isOfBackbone: (String) -> Bool {
    if hasBackbone { return { $0.hasPrefix(Graph.backboneName) } }
    guard ports.contains(where: { $0.port == .features }), let features = try? value(of: .features) else { return { _ in false } }
    let needed = isNeeded(for: [features])
    let prefixes = Set(nodes.indices.filter { needed[$0] }.map { nodes[$0].name })
    return { name in name.lastIndex(of: ".").map { prefixes.contains(String(name[..<$0])) } ?? false }
  }

  /// Whether the network has a part that is called its backbone.
  public var hasBackbone: Bool { nodes.contains { $0.name.hasPrefix(Graph.backboneName) } }

  /// The same network with batch norm frozen: in the backbone where there is one, everywhere else.
  ///
  /// Frozen layers keep statistics, scale and shift as they were loaded; see `BatchNormalization.isFrozen`. The layers of a head begin with
  /// no statistics at all, so they stay as they are.
  public func freezingBatchNormalization() -> Graph {
    var graph = self
    let isPartial = hasBackbone
    graph.replaceLayers { node in
      guard var layer = node.layer as? BatchNormalization, !isPartial || node.name.hasPrefix(Graph.backboneName) else { return nil }
      layer.isFrozen = true
      return layer
    }
    return graph
  }
}
