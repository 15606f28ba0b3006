extension Graph {
  /// Batch normalization layers that would see a single number per channel in training: their output would be their shift, whatever the image
  /// shows, and their running variance would fall to zero. Frozen layers take no statistics.
  /// - Parameters:
  ///   - images: how many are normalized together, over all ranks that synchronize.
  ///   - height: rows of an image, padded.
  ///   - width: columns of an image, padded.
  /// - Returns: their names, in the order of computation.
  /// - Throws: as `shapes(height:width:)`.
  package func normalizationsOfOneNumber(images: Int, height: Int, width: Int) throws -> [String] {
    let shapes = try shapes(height: height, width: width)
    return nodes.filter { node in
      guard let layer = node.layer as? BatchNormalization, !layer.isFrozen else { return false }
      let shape = shapes[node.output.index]
      return images * shape.height * shape.width == 1
    }.map(\.name)
  }
}
