import Tensors

extension Batch {
  /// The images of a view, laid out as `images`.
  /// - Throws: `LongtailError` with code `internalError` where samples have fewer views.
  package func images(ofView view: Int) throws -> HostBuffer {
    if view == 0 { return images }
    guard furtherViews.indices.contains(view - 1) else {
      throw LongtailError(
        .internalError, "a network of the step looks at view \(view) of each sample, but batches have \(furtherViews.count + 1)",
        advice: "Views are counted from 0: the data pipeline has to make as many as the method asks for.")
    }
    return furtherViews[view - 1]
  }
}
