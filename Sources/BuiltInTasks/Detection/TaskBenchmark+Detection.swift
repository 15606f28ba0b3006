import Datasets
import Detection
import Images
import Models
import Tensors
import Training

extension TaskBenchmark {
  /// A detector's: objects to find, and the parts of its step.
  static let detection = TaskBenchmark(
    composes: { FasterRCNNOptions.depth(ofModel: $0) != nil },
    parts: [
      Part("backbone", layers: "backbone.body."), Part("pyramid", layers: "backbone.fpn."), Part("anchor head", layers: "rpn."),
      Part("proposals"), Part("drawing"), Part("RoIAlign"), Part("region head", layers: "roi_heads."),
    ], annotate: drawObjects)

  /// Draws the objects of a batch: boxes of sides from a sixteenth to half of the image, anywhere in it, of any class.
  @Sendable private static func drawObjects(_ batch: Batch, _ options: StepBenchmark.Options) throws {
    let (width, height) = (Float(options.size.width), Float(options.size.height))
    for (place, sample) in batch.sampleIndices.enumerated() {
      let random = CounterRandom(
        seed: UInt64(bitPattern: Int64(options.configuration.seed)), purpose: .testing, epoch: batch.step, sample: 2 * sample + 1)
      let objects = (0..<options.objects).map { object -> BoxAnnotation.Object in
        func number(_ index: Int) -> Float { Float(random.uniform(5 * object + index)) }
        let (across, down) = ((0.0625 + 0.4375 * number(0)) * width, (0.0625 + 0.4375 * number(1)) * height)
        let (left, top) = (number(2) * (width - across), number(3) * (height - down))
        return BoxAnnotation.Object(
          box: CornerBox(left, top, left + across, top + down), label: Int32(Float(options.classes) * number(4)) % Int32(options.classes))
      }
      try batch.targets.write(
        BoxAnnotation(objects: objects, size: options.size), Geometry(options.size, output: options.size), at: place)
    }
  }
}
