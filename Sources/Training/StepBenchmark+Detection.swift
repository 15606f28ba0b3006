import Datasets
import Detection
import Images
import Networks
import Tensors

/// What only detectors need of a benchmark: objects to find, and the time of the parts that their step has beside layers and losses.
extension StepBenchmark {
  /// The parts of a detector's step in their order, and what the names of their layers begin with; parts without layers are those of the link.
  static let detectorParts: [(name: String, layers: String?)] = [
    ("backbone", "backbone.body."), ("pyramid", "backbone.fpn."), ("anchor head", "rpn."), ("proposals", nil), ("drawing", nil),
    ("RoIAlign", nil), ("region head", "roi_heads."),
  ]

  /// Draws the objects of a batch: boxes of sides from a sixteenth to half of the image, anywhere in it, of any class. A function of seed, step
  /// and sample.
  func drawObjects(_ batch: Batch) throws {
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

  /// Seconds of the parts of one step, as `backbone forward`.
  /// - Parameters:
  ///   - clock: what the links have timed.
  ///   - layers: seconds of the plans' layers by name and pass.
  ///   - phases: those of the step.
  static func parts(
    _ clock: PartClock, layers: [(name: String, seconds: Double)], phases: [(name: String, seconds: Double)]
  ) -> [(name: String, seconds: Double)] {
    let ofLayers = layers.compactMap { layer -> (name: String, seconds: Double)? in
      guard let part = detectorParts.first(where: { $0.layers.map(layer.name.hasPrefix) ?? false }),
        let pass = layer.name.split(separator: " ").last
      else { return nil }
      return ("\(part.name) \(pass)", layer.seconds)
    }
    let ofPhases = phases.compactMap { phase -> (name: String, seconds: Double)? in
      switch phase.name {
      case StepPhase.objective.rawValue: ("losses forward", phase.seconds)
      case StepPhase.update.rawValue: ("update forward", phase.seconds)
      case StepPhase.reduceStatistics.rawValue, StepPhase.reduceGradients.rawValue: ("sums over ranks forward", phase.seconds)
      default: nil
      }
    }
    return clock.seconds.map { (name: $0.key, seconds: $0.value) } + ofLayers + ofPhases
  }
}
