import Kernels
import Networks
import Objectives
import Tensors

/// A cosine classifier on a feature map whose places count by how much the likeliest classes are seen there: `CalibratedActivation` as the
/// last layer of a network, the same in training and evaluation.
///
/// Parameter `weight`: C x d. Input: the map; output: one row of scores an image. The shares of the places are constants in the backward
/// pass. Cost: 2 H W (m + 1) d products an image, in plain loops of one thread.
package struct CalibratedClassifier: Layer {
  /// C.
  package var classes: Int
  /// Scale, number of classes, temperature and gain.
  package var activation: CalibratedActivation

  /// Describes the layer.
  package init(classes: Int, activation: CalibratedActivation) { (self.classes, self.activation) = (classes, activation) }

  /// The layer's name in reports.
  package var kind: String { "calibratedClassifier" }

  /// The classes.
  package func outputChannels(_ inputs: [Int]) -> Int { classes }

  /// One row.
  package func outputShape(_ inputs: [FeatureShape]) -> FeatureShape { FeatureShape(channels: classes, height: 1, width: 1) }

  /// The weights.
  package func parameters(_ inputs: [Int]) -> [ParameterSpecification] {
    [.named("weight", shape: [classes, inputs[0]], initialization: .uniformByFanIn(inputs[0]))]
  }

  /// Plain rows and weights.
  package func layouts(_ context: LayoutContext) throws -> LayerLayouts {
    LayerLayouts(
      output: try .plain(context.outputShape.extents(images: context.images)),
      parameters: ["weight": try .plain([classes, context.inputChannels[0]])])
  }

  /// Plans the loops.
  package func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    let (input, output, weight) = (try builder.input(), try builder.output(), try builder.parameter("weight"))
    let (activation, width) = (activation, builder.inputShape().channels)
    func weights() throws -> DenseRows { DenseRows(count: classes, width: width, values: try weight.value.numbers()) }
    let kept = Kept()
    let forward = {
      let result = activation.forward(try input.imageRows(), weights: try weights())
      result.logits.write(to: try output.rows())
      kept.forward = result
    }
    guard builder.runsBackward else { return PlannedLoops(forward) }
    let gradientOfOutput = try builder.gradientOfOutput()
    let gradientOfInput = try builder.gradientOfInput()
    return PlannedLoops(forward) {
      guard let forward = kept.forward else { throw LongtailError(.internalError, "a layer ran backward before forward") }
      let found = activation.backward(DenseRows(try gradientOfOutput.rows()), forward)
      if let gradient = weight.gradient { try gradient.setNumbers(found.weights.values) }
      guard let gradientOfInput else { return }
      let rows = try gradientOfInput.rows()
      let places = rows.rowsPerImage
      DenseRows(count: rows.rows, width: width, values: (0..<rows.images).flatMap { found.maps[$0].values.prefix(places * width) })
        .write(to: rows)
    }
  }

  private final class Kept {
    var forward: CalibratedActivation.Forward?
  }
}

extension PlanTensor {
  /// An activation as rows.
  func rows() throws -> RowsView {
    let (view, region) = (try layout.channelBlocks(), try region())
    return RowsView(view, images: view.images, buffer: region.buffer, offset: region.offset)
  }

  /// The rows of each image.
  func imageRows() throws -> [DenseRows] {
    let all = DenseRows(try rows())
    let places = try layout.channelBlocks().positions
    return (0..<all.count / max(1, places)).map { image in
      DenseRows(
        count: places, width: all.width, values: Array(all.values[image * places * all.width..<(image + 1) * places * all.width]))
    }
  }

  /// The numbers of a tensor in canonical order.
  func numbers() throws -> [Float] {
    let region = try region()
    return region.buffer.withFloats { Array($0[region.offset..<region.offset + layout.extents.reduce(1, *)]) }
  }

  /// Replaces the numbers of a tensor in canonical order.
  func setNumbers(_ values: [Float]) throws {
    let region = try region()
    region.buffer.withFloats { floats in for (index, value) in values.enumerated() { floats[region.offset + index] = value } }
  }
}
