extension Graph {
  /// Channels, rows and columns of what a port gives for one image size.
  /// - Throws: `LongtailError` for a port that there is not, and as `shapes(height:width:)`.
  public func shape(of port: Port, height: Int, width: Int) throws -> FeatureShape {
    try shapes(height: height, width: width)[value(of: port).index]
  }
}
