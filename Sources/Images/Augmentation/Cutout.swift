/// A black square at a random place (DeVries and Taylor, "Improved regularization of convolutional neural networks with cutout", 2017).
///
/// Its centre is uniform over the image's pixels; what lies outside the image is cut off. It is drawn before normalization.
package struct Cutout: Sendable, Equatable {
  /// The side of the square, in pixels.
  package var length: Int

  /// - Parameter length: the side of the square.
  package init(length: Int) { self.length = length }

  /// The columns and rows that are blackened around a centre.
  package func area(centreX: Int, centreY: Int, in image: ImageSize) -> (x: Range<Int>, y: Range<Int>) {
    func span(_ centre: Int, _ limit: Int) -> Range<Int> {
      let low = min(limit, max(0, centre - length / 2))
      return low..<max(low, min(limit, centre + length / 2))
    }
    return (span(centreX, image.width), span(centreY, image.height))
  }

  /// The columns and rows for one view.
  package func area(in image: ImageSize, random: ViewRandom) -> (x: Range<Int>, y: Range<Int>) {
    area(
      centreX: random.integer(1, below: image.width), centreY: random.integer(0, below: image.height), in: image)
  }
}
