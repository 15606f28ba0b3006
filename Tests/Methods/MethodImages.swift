import Datasets
import Networks
import Objectives
import Tensors

/// A long-tailed set of 24 small images in four classes, and the networks that learn it: the same as in `Oracle/method_trajectories.py`.
package enum MethodImages {
  package static let size = 8
  package static let counts = [12, 6, 4, 2]
  package static let labels = counts.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
  package static var classes: Int { counts.count }
  package static var count: Int { labels.count }
  package static var context: ObjectiveContext {
    ObjectiveContext(
      classes: classes, pixelCounts: counts.map(Int64.init), imageCounts: counts.map(Int64.init), images: Int64(count), seed: 5)
  }
  package static var sampleClasses: SampleClasses { SampleClasses(labels: labels, classCount: classes) }

  /// A number of an image in planes.
  private static func value(_ sample: Int, view: Int, _ index: Int) -> Float {
    let noise = Double((sample * 131 + view * 57 + index * 29) % 61 - 30) / 24
    return Float(noise + Double(labels[sample]) * Double(index % 5 - 2) * 0.1)
  }

  /// Samples as they are: those of each class in turn come by their frequency.
  package static func natural(epoch: Int, place: Int) -> Int { (place * 5 + epoch * 7) % count }

  /// All classes alike.
  package static func balanced(epoch: Int, place: Int) -> Int {
    let label = place % classes
    return counts[..<label].reduce(0, +) + (place / classes + epoch) % counts[label]
  }

  /// An empty batch of two views.
  package static func emptyBatch(_ capacity: Int) -> Batch {
    let batch = Batch(noiseCapacity: capacity, height: size, width: size, rowsPerImage: 1)
    batch.furtherViews = [Batch(noiseCapacity: capacity, height: size, width: size, rowsPerImage: 1).images]
    return batch
  }

  /// Fills a batch with samples.
  /// - Parameter isMixed: whether each has a second label, the next class, with a share of none to three eighths.
  package static func fill(_ batch: Batch, epoch: Int, step: Int, samples: [Int], isMixed: Bool) throws {
    batch.begin(epoch: epoch, step: step, samples: samples)
    let numbers = 3 * size * size
    for view in 0..<2 {
      try batch.images(ofView: view).withFloats { floats in
        for (place, sample) in samples.enumerated() {
          for index in 0..<numbers { floats[place * numbers + index] = value(sample, view: view, index) }
        }
      }
    }
    guard let targets = batch.targets as? RowLabels else { throw LongtailError(.internalError, "labels are not by image") }
    targets.labels = samples.map { Int32(labels[$0]) }
    targets.secondLabels = isMixed ? samples.map { Int32((labels[$0] + 1) % classes) } : []
    targets.secondShares = isMixed ? samples.map { Float($0 % 4) / 8 } : []
  }
}

/// What stands behind the features of a small network.
package struct SmallHead: Sendable {
  /// Numbers of a projection of the features, port `projection`.
  package var projection: Int?
  /// Whether the projection is rectified, and the classifiers read it.
  package var isClassified = false
  /// Whether there is a further classifier, port `logits.1`.
  package var hasFurther = false
  /// Whether the scores have a factor for each class.
  package var isScaled = false

  /// A linear classifier.
  package init(projection: Int? = nil, isClassified: Bool = false, hasFurther: Bool = false, isScaled: Bool = false) {
    (self.projection, self.isClassified, self.hasFurther, self.isScaled) = (projection, isClassified, hasFurther, isScaled)
  }

  /// Two convolutions with batch norm, the mean over the image, and this.
  package var graph: Graph {
    var graph = Graph(inputChannels: 3, strideMultiple: 2)
    var x = graph.add(Convolution(filters: 8, kernel: 3, padding: 1, bias: false), named: "conv1", to: graph.input)
    x = graph.add(BatchNormalization(rectified: true), named: "bn1", to: x)
    x = graph.add(Convolution(filters: 16, kernel: 3, stride: 2, padding: 1, bias: false), named: "conv2", to: x)
    x = graph.add(BatchNormalization(rectified: true), named: "bn2", to: x)
    var read = graph.add(GlobalAveragePooling(), named: "avgpool", to: x)
    graph.addPort(.features, read)
    if let projection {
      var projected = graph.add(Convolution(filters: projection, kernel: 1), named: "projection", to: read)
      if isClassified {
        projected = graph.add(Rectifier(), named: "projection.1", to: projected)
        read = projected
      }
      graph.addPort(Port("projection"), projected)
    }
    let classes = MethodImages.classes
    if hasFurther { graph.addPort(Port("logits.1"), graph.add(Convolution(filters: classes, kernel: 1), named: "heads.1", to: read)) }
    let scores = graph.add(Convolution(filters: classes, kernel: 1), named: "fc", to: read)
    if isScaled { graph.add(Convolution(filters: classes, kernel: 1, groups: classes, bias: false), named: "fc.scaling", to: scores) }
    return graph
  }
}
