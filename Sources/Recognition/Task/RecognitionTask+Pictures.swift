import Datasets
import Images
import Tasks
import Tensors

extension RecognitionTask {
  /// Images of the rarest classes, each of another class as far as there are enough, and in the order of the split.
  ///
  /// Of a class it is the image in the middle of its images; neighbours are often alike. Labels alone are looked at.
  package func showcase(_ split: Split, groups: ClassGroups, count: Int) throws -> [Int] {
    let labels = try images.images.part(split).labels
    let training = images.images.classCounts(of: .train)
    var byClass = [[Int]](repeating: [], count: training.count)
    for index in labels.indices { byClass[Int(labels[index])].append(index) }
    let rarest = byClass.indices.filter { !byClass[$0].isEmpty }.sorted { (training[$0], -$0) < (training[$1], -$1) }
    var taken: [Int] = []
    var round = 0
    while taken.count < min(count, labels.count) {
      for label in rarest where round < byClass[label].count && taken.count < count {
        let own = byClass[label]
        taken.append(own[(own.count / 2 + round) % own.count])
      }
      round += 1
    }
    return taken.sorted()
  }

  /// An image with its class and the likeliest ones, as the network says.
  package func figure(_ split: Split, index: Int, _ network: InferenceNetwork) throws -> ImageFigure {
    let sample = try images.annotatedImage(split: split, index: index)
    let label = try images.label(split: split, index: index).label
    let top = try Recognizer(network).likeliest(of: sample.image, count: 3)
    let truth = images.images.classes[Int(label)]
    return ImageFigure(
      name: images.identifier(split: split, index: index), input: RecognitionTask.shown(sample.image), truth: .text(truth),
      prediction: .text(top.lines(classNames: images.images.classes).joined(separator: "\n")))
  }

  /// The image at a size at which words beside it can be read: small ones are enlarged by a whole factor, large ones shrunk.
  static func shown(_ image: RGBImage) -> RGBImage {
    let (least, most) = (192, 384)
    let longest = max(1, image.width, image.height)
    if longest < least {
      let factor = (least + longest - 1) / longest
      return image.resizedNearest(width: image.width * factor, height: image.height * factor)
    }
    guard longest > most else { return image }
    return image.resized(width: max(1, image.width * most / longest), height: max(1, image.height * most / longest))
  }
}

extension TopClasses {
  /// A line for each candidate: `fox 93 %`. One line where the scores are no numbers.
  package func lines(classNames: [String]) -> [String] {
    if candidates.isEmpty { return ["no number"] }
    return candidates.map { "\(classNames[$0.label]) \(TopClasses.percent($0.probability)) %" }
  }

  /// Whole per cents; below 1 one digit more.
  private static func percent(_ share: Double) -> String {
    let tenths = Int((share * 1000).rounded())
    return tenths < 10 ? "0.\(tenths)" : "\(Int((share * 100).rounded()))"
  }
}
