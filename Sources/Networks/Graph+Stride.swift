extension Graph {
  /// The factor by which the network's coarsest level is smaller than its input; 1 where nothing is made smaller.
  ///
  /// Pooling over whole images leaves no level: what is computed from it stands for the image, not for a place in it.
  /// - Throws: `LongtailError` naming a layer whose inputs do not fit together.
  package func coarsestStride() throws -> Int {
    // Far above any stride, so that only pooling over the whole image leaves a single position.
    let extent = 1024 * strideMultiple
    let shapes = try shapes(height: extent, width: extent)
    return shapes.filter { $0.height > 1 }.map { (extent + $0.height - 1) / $0.height }.max() ?? 1
  }
}
