import Kernels
import Tensors

/// A layer that is computed as a convolution.
protocol ConvolutionLayer: Layer {
  var hasBias: Bool { get }
  /// What it can ask the library and our own loops for.
  var candidates: any ConvolutionRequests { get }
}

extension Convolution: ConvolutionLayer {
  var candidates: any ConvolutionRequests { ConvolutionCandidates(geometry: geometry) }
}

extension TransposedConvolution: ConvolutionLayer {
  var candidates: any ConvolutionRequests { TransposedConvolutionCandidates(geometry: geometry) }
}

/// The algorithms of a network's convolutions as they are known before anything is compiled or run: by rule, or on record.
///
/// A plan that is compiled with the same options chooses the same, except where the library turns out to have but reference loops.
package struct AlgorithmForecast: Sendable {
  /// One pass of one layer.
  package struct Decision: Sendable {
    /// The layer's name.
    package var layer: String
    /// What is computed.
    package var signature: ConvolutionSignature
    /// By which algorithm.
    package var algorithm: ConvolutionAlgorithm
    /// Predicted milliseconds, of the processor that the model's prices were measured on.
    package var milliseconds: Double
    /// What it is said to take on record; nil where that holds no times.
    package var recordedMilliseconds: Double?
    /// Whether it is on record.
    package var isRecorded: Bool
  }

  /// Channels that lie together in activations.
  package var channelBlock: Int
  /// All convolutions and passes, in the order of the layers.
  package var decisions: [Decision] = []

  /// Predicted milliseconds of a step's convolutions.
  package var milliseconds: Double { decisions.reduce(0) { $0 + $1.milliseconds } }

  /// What plans of a training step will choose.
  /// - Parameters:
  ///   - images: images of the largest batch of a rank.
  ///   - channelBlock: channels that lie together: 8, or 16 on AVX-512.
  ///   - instructionSet: that of this processor, unless another one is asked about.
  /// - Throws: `LongtailError` when the image size does not fit the network.
  package init(
    _ graph: Graph, images: Int, height: Int, width: Int, options: PlanOptions, channelBlock: Int,
    instructionSet: String = OneDNN.instructionSet
  ) throws {
    self.channelBlock = channelBlock
    let shapes = try graph.shapes(height: height, width: width)
    let choices = options.algorithms.choices
    for (index, node) in graph.nodes.enumerated() {
      guard let layer = node.layer as? any ConvolutionLayer else { continue }
      let (candidates, from, to) = (layer.candidates, shapes[node.inputs[0].index], shapes[index + 1])
      var signature = ConvolutionSignature(
        images: options.decisiveImages ?? max(1, images), isTransposed: candidates.isTransposed, inputChannels: from.channels,
        outputChannels: to.channels, height: from.height, width: from.width, geometry: candidates.geometry,
        instructionSet: instructionSet, channelBlock: channelBlock)
      let isFirst = node.inputs[0] == graph.input
      let possible = signature.possibleAlgorithms(hasBias: layer.hasBias, readsImage: isFirst)
      for pass in PlanReport.Pass.allCases where !(isFirst && pass == .backwardData) {
        signature.pass = pass
        let known = choices?.choice(for: signature)
        let algorithm: ConvolutionAlgorithm
        if case .fixed(let wanted) = options.algorithms {
          algorithm = possible.contains(wanted) ? wanted : .direct
        } else if let known, possible.contains(known.algorithm) {
          algorithm = known.algorithm
        } else {
          algorithm = AlgorithmModel.best(of: possible, for: signature)
        }
        decisions.append(
          Decision(
            layer: node.name, signature: signature, algorithm: algorithm,
            milliseconds: AlgorithmModel.milliseconds(algorithm, for: signature),
            recordedMilliseconds: known?.milliseconds[algorithm.rawValue], isRecorded: known != nil))
      }
    }
  }
}

extension ConvolutionSignature {
  /// The algorithms that can be expected of the library and of our own loops, by shape and layout alone.
  /// - Parameter readsImage: whether the source is the network's input, which is not in blocks of channels.
  func possibleAlgorithms(hasBias: Bool, readsImage: Bool) -> [ConvolutionAlgorithm] {
    var possible = [ConvolutionAlgorithm.direct]
    if readsImage { return possible }
    let isBlockOf8 = channelBlock == 8
    switch family {
    case .ordinary:
      if isBlockOf8, !hasBias, inputChannels >= 8 { possible.append(.tiledWinograd) }
      if !isBlockOf8, instructionSet.hasPrefix("avx512"), inputChannels % 16 == 0, outputChannels % 16 == 0 { possible.append(.winograd) }
    case .dilated where isBlockOf8 && !hasBias:
      let d = geometry.dilation[0]
      if inputChannels >= 8, (height + d - 1) / d >= 4, (width + d - 1) / d >= 4 { possible.append(.tiledWinograd) }
      possible.append(.matrixProduct)
    case .pointwise where isBlockOf8 && !hasBias, .transposed where isBlockOf8:
      possible.append(.matrixProduct)
    case .dilated, .pointwise, .transposed, .other: break
    }
    return possible
  }
}
