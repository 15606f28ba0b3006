import Datasets
import Images
import Kernels
import Models
import Networks
import Objectives
import Tensors

/// Faster R-CNN as training and prediction know it: its settings, its classes, and what the columns of its class layer mean.
package struct Detector: Sendable {
  /// Widths, rows, proposals, anchors.
  package let options: FasterRCNNOptions
  /// C.
  package let classes: Int
  /// The columns of the class layer.
  package let form: RegionForm

  /// Describes a detector.
  package init(_ options: FasterRCNNOptions, classes: Int, form: RegionForm) {
    (self.options, self.classes, self.form) = (options, classes, form)
  }

  /// The ports that are read, of the first stage.
  package static let ports: [Port] = (2...5).map(Port.pyramid) + [.objectness, .anchorCodes]

  /// Both stages as one model.
  package func graph(_ depth: ResNetDepth) -> Graph {
    .detector(depth, classes: classes, classColumns: form.columns(classes: classes), prior: form.prior, options: options)
  }

  /// Its anchors.
  package var anchors: AnchorGenerator {
    AnchorGenerator(sizes: options.anchorSizes.map { [Float($0)] }, ratios: options.anchorRatios.map(Float.init))
  }

  /// Levels that regions are read from.
  package var levels: PyramidLevels { PyramidLevels(first: 2, last: 5, canonicalSize: Float(options.canonicalSize)) }

  /// Rows and columns of the features of all five levels, for an input of a size.
  package static func extents(ofInput size: ImageSize) -> [(height: Int, width: Int)] {
    func halved(_ extent: Int, _ times: Int) -> Int { (0..<times).reduce(extent) { extent, _ in (extent + 1) / 2 } }
    let levels = (2...5).map { (height: halved(size.height, $0), width: halved(size.width, $0)) }
    // The coarsest is every second row and column of the one before.
    return levels + [(height: halved(levels[3].height, 1), width: halved(levels[3].width, 1))]
  }

  /// All anchors of an input of a size.
  package func grid(_ size: ImageSize) -> AnchorGrid {
    anchors.grid(width: size.width, height: size.height, levels: Detector.extents(ofInput: size), isPacked: true)
  }

  /// What reads regions out of the pyramid.
  /// - Parameters:
  ///   - levels: the ports `p2` to `p5`.
  ///   - size: that of the input.
  ///   - rows: regions at a time.
  /// - Throws: `LongtailError` where the levels' layouts differ.
  package func pooling(_ levels: [RowsView], input size: ImageSize, rows: Int) throws -> RegionPooling {
    try RegionPooling(
      levels: zip(levels, Detector.extents(ofInput: size)).map { (rows: $0, height: $1.height, width: $1.width) }, pyramid: self.levels,
      rows: rows, size: options.pooledSize)
  }

  /// Which columns are the code of a class: torchvision has four unused ones of background in front.
  package var codeColumns: RegionBoxTerm.Columns { .perClass(first: 1) }

  /// How rows become scores.
  package var scores: ClassScores {
    switch form {
    case .sigmoid: .sigmoid
    case .sigmoidWithBackground: .sigmoidWithBackground(column: classes)
    case .softmax: .softmax(background: 0)
    case .softmaxWithObjectness: .softmaxWithObjectness
    }
  }

  /// Which objects of an image count.
  package var selection: PredictionSelector.Settings {
    PredictionSelector.Settings(threshold: options.scoreThreshold, count: options.detections)
  }
}
