import Datasets
import Images
import Tasks
import Tensors

extension DetectionTask {
  /// Images that show the rarest classes; of those that show as many, some from all over the split.
  package func showcase(_ split: Split, groups: ClassGroups, count: Int) throws -> [Int] {
    let rarest = Set(groups.rarest.map(Int32.init))
    let shown = try images.annotations(of: split).objectsByImage().map { image in
      Set(image.objects.map(\.label)).intersection(rarest).count
    }
    guard count > 0, let enough = shown.sorted(by: >).prefix(count).last else { return [] }
    let candidates = shown.indices.filter { shown[$0] >= enough }
    let taken = min(count, candidates.count)
    return (0..<taken).map { candidates[(2 * $0 + 1) * candidates.count / (2 * taken)] }
  }

  /// An image with its boxes, and with what the network finds from a score of one half on. All three are enlarged where letters need it.
  package func figure(_ split: Split, index: Int, _ network: InferenceNetwork) throws -> ImageFigure {
    let image = try images.image(split: split, index: index)
    let truth = try images.objects(split: split, index: index)
    let found = try predictions(of: image, network).filter { $0.score >= 0.5 }
    let (palette, names) = (images.classes.map(\.colour), images.classes.map(\.name))
    return ImageFigure(
      name: images.identifier(split: split, index: index), input: image.drawing([], palette: []),
      truth: .drawing(
        image.drawing(DetectionTask.drawn(truth, names: names), palette: palette)),
      prediction: .drawing(image.drawing(DetectionTask.drawn(found, names: names), palette: palette)))
  }

  /// The objects of an image, by falling score, in its pixels.
  /// - Throws: `LongtailError` for a size that the network cannot take.
  package func predictions(of image: RGBImage, _ network: InferenceNetwork) throws -> [FoundObject] {
    let prepared = network.pipeline.prepared(image)
    let (plan, padded) = try network.forward(prepared, ports: ports, canvas: network.pipeline.fixedOutputSize)
    let size = ImageSize(width: prepared.width, height: prepared.height)
    let geometry = BoxGeometry(from: (image.width, image.height), to: (size.width, size.height))
    return try DetectorInference(detector).predictions(network.outputs(of: plan), image: 0, input: padded, size: geometry.size).map {
      FoundObject(image: 0, label: Int32($0.label), score: $0.score, box: geometry.invert($0.box))
    }
  }

  /// Boxes with names, as they are drawn.
  package static func drawn(_ truth: BoxAnnotation, names: [String]) -> [(box: CornerBox, label: Int, text: String)] {
    truth.objects.map { ($0.box, Int($0.label), names[Int($0.label)] + ($0.isCrowd ? " crowd" : "")) }
  }

  /// Boxes with names and scores, as they are drawn.
  package static func drawn(_ found: [FoundObject], names: [String]) -> [(box: CornerBox, label: Int, text: String)] {
    found.map { ($0.box, Int($0.label), "\(names[Int($0.label)]) \(Int(($0.score * 100).rounded()))") }
  }
}
