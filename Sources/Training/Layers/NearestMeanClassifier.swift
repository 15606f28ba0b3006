import Kernels
import Networks
import Objectives
import Tensors

/// Scores of classes by how near their means lie to a feature: z_k = -|f(x) - m_k|^2, where f may centre features and bring them to length
/// 1.
///
/// Parameters `weight`, the means C x d, and `centre`, d numbers that only `centredUnit` uses; nothing trains them. Predictions are those
/// of `NearestClassMean`, as a layer that every network which only predicts can have. Cost: C d products an image.
package struct NearestMeanClassifier: Layer {
  /// C.
  package var classes: Int
  /// What is done to features first.
  package var form: NearestClassMean.Form

  /// Describes the layer.
  package init(classes: Int, form: NearestClassMean.Form) { (self.classes, self.form) = (classes, form) }

  /// The score of a class without a training image: lower than any distance that occurs.
  static let unknown: Float = -1e30

  /// The layer's name in reports.
  package var kind: String { "nearestMeanClassifier" }

  /// The classes.
  package func outputChannels(_ inputs: [Int]) -> Int { classes }

  /// One row.
  /// - Throws: `LongtailError` for an activation that has several positions.
  package func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape {
    guard inputs[0].height == 1, inputs[0].width == 1 else {
      throw LongtailError(.internalError, "nearest means are looked for at one row an image, not at \(inputs[0])")
    }
    return FeatureShape(channels: classes, height: 1, width: 1)
  }

  /// Means, centre, and which classes are known.
  package func parameters(_ inputs: [Int]) -> [ParameterSpecification] {
    [("weight", [classes, inputs[0]]), ("centre", [inputs[0]]), ("isKnown", [classes])].map {
      .named($0.0, shape: $0.1, initialization: .constant(0), isFrozen: true)
    }
  }

  /// Plain rows and parameters.
  package func layouts(_ context: LayoutContext) throws -> LayerLayouts {
    let parameters = try parameters(context.inputChannels).map { ($0.name, try TensorLayout.plain($0.shape)) }
    return LayerLayouts(
      output: try .plain(context.outputShape.extents(images: context.images)), parameters: Dictionary(parameters) { first, _ in first })
  }

  /// Plans the loops.
  package func compile(_ builder: NodeBuilder) throws -> any PlannedLayer {
    let (input, output) = (try builder.input(inBackward: builder.runsBackward), try builder.output())
    let (means, centre, known) = (
      try builder.parameter("weight").value, try builder.parameter("centre").value, try builder.parameter("isKnown").value
    )
    let (form, classes) = (form, classes)
    func table(width: Int) throws -> DenseRows { DenseRows(count: classes, width: width, values: try means.numbers()) }
    let forward = {
      let features = NearestClassMean.prepared(DenseRows(try input.rows()), form: form, centre: try centre.numbers())
      let (table, isKnown) = (try table(width: features.width), try known.numbers())
      var scores = DenseRows(count: features.count, width: classes)
      for row in 0..<features.count {
        for k in 0..<classes {
          let distance = zip(features[row], table[k]).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
          scores[row, k] = isKnown[k] > 0 ? -distance : NearestMeanClassifier.unknown
        }
      }
      scores.write(to: try output.rows())
    }
    guard builder.runsBackward, let gradientOfInput = try builder.gradientOfInput() else { return PlannedLoops(forward) }
    let gradientOfOutput = try builder.gradientOfOutput()
    return PlannedLoops(forward) {
      let rows = DenseRows(try input.rows())
      let features = NearestClassMean.prepared(rows, form: form, centre: try centre.numbers())
      let (table, isKnown) = (try table(width: features.width), try known.numbers())
      let slopes = DenseRows(try gradientOfOutput.rows())
      // dz_k / df = 2 (m_k - f), for classes that are known.
      var gradient = DenseRows(count: features.count, width: features.width)
      for row in 0..<features.count {
        for k in 0..<classes where isKnown[k] > 0 {
          for column in 0..<features.width {
            gradient[row, column] += 2 * slopes[row, k] * (table[k, column] - features[row, column])
          }
        }
      }
      if form != .raw {
        var moved = rows
        if form == .centredUnit {
          let centre = try centre.numbers()
          for row in 0..<rows.count { for column in 0..<rows.width { moved[row, column] -= centre[column] } }
        }
        gradient = DenseRows.gradient(atUnits: gradient, units: moved.units)
      }
      gradient.write(to: try gradientOfInput.rows())
    }
  }
}
