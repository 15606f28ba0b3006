import Images
import Tensors

/// Crops that are drawn until a chosen class fills enough of them.
///
/// The class is one of the sample's, rare ones first; see ``ClassDraw``. The first try is the crop that there would be anyway. Where no try
/// suffices, the last one is laid around a pixel of the class, and the best of all is taken: so a class that the image shows is never lost
/// but to resampling. After DAFormer's rare class sampling, which draws up to ten times and takes the last.
/// Costs a reading of each pixel for each crop tried.
package struct ClassCrop: Sendable, Equatable {
  /// The chance that a draw gets such a crop.
  package var probability = 1.0
  /// Pixels of the class that suffice.
  package var pixels = 250
  /// The most crops that are drawn, the first included.
  package var tries = 10
  /// The temperature of the chances of classes; without one the sampler's chances count, and where it draws no class first all are alike.
  package var temperature: Double?

  /// All defaults.
  package init() {}

  /// Looks for a crop.
  /// - Parameters:
  ///   - classIndex: the class that it is to show.
  ///   - labels: of the image before scaling and cropping.
  ///   - tried: the decisions of one try, by its number: 0 are those without class crops.
  ///   - aim: random numbers for the last try.
  /// - Returns: the decisions of the first crop that suffices, or of the best one.
  package func search(
    for classIndex: Int, in labels: LabelImage, tried: (Int) -> AugmentationDecisions, aim: ViewRandom
  ) -> AugmentationDecisions {
    guard let label = UInt8(exactly: classIndex) else { return tried(0) }
    var best: (choice: AugmentationDecisions, count: Int)?
    for number in 0..<max(1, tries) {
      var choice = tried(number)
      if number > 0, number == tries - 1 { aimed(&choice, at: label, in: labels, random: aim) }
      let geometry = Geometry(choice, source: labels.size, output: choice.crop)
      let count = labels.count(of: label, resizedTo: choice.scaled, columns: geometry.columns, rows: geometry.rows)
      if best.map({ count > $0.count }) ?? true { best = (choice, count) }
      if count >= pixels { break }
    }
    return best?.choice ?? tried(0)
  }

  /// Moves a crop to a random place among those that show a random pixel of the class.
  private func aimed(_ choice: inout AugmentationDecisions, at label: UInt8, in labels: LabelImage, random: ViewRandom) {
    let count = labels.count(of: label, resizedTo: labels.size, columns: 0..<labels.width, rows: 0..<labels.height)
    guard count > 0, let pixel = labels.place(of: label, number: random.integer(0, below: count)) else { return }
    func start(_ draw: Int, _ place: Int, _ side: Int, _ scaled: Int, _ crop: Int, _ now: Int) -> Int {
      // An image that is smaller than the crop is seen as a whole, wherever it lies.
      if scaled <= crop { return now }
      let middle = (2 * place + 1) * scaled / (2 * side)
      let (first, last) = (max(0, middle - crop + 1), min(scaled - crop, middle))
      return first + random.integer(draw, below: last - first + 1)
    }
    choice.cropX = start(1, pixel.x, labels.width, choice.scaled.width, choice.crop.width, choice.cropX)
    choice.cropY = start(2, pixel.y, labels.height, choice.scaled.height, choice.crop.height, choice.cropY)
  }
}
