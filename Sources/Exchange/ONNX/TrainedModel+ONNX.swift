import Foundation
import Networks
import Tensors

extension TrainedModel {
  /// Protocol Buffers hold no message of more bytes than this.
  static let largestFile = Int(Int32.max)

  /// The network as an ONNX model with its weights inside.
  ///
  /// Input `input` is float32 N,3,H,W, normalized as `metadata` says, with any number of images and any rows and columns that divide by the
  /// network's stride. Output `logits` is float32 N,C,H,W, or N,C of networks that classify images; what the objective adds to scores in
  /// prediction is in it. The metadata are among the model's properties.
  /// - Throws: `LongtailError`: `usage` naming a layer that ONNX is not known for, `badData` for tensors that are missing or have another
  ///   shape, and for networks of more than 2 GiB.
  package func onnx() throws -> [UInt8] {
    var onnx = ONNXGraph(graph, tensors)
    for node in try onnx.neededNodes() {
      guard let layer = node.layer as? any ONNXLayer else {
        throw LongtailError(
          .usage, "layer \(node.name) is a \(node.layer.kind), which cannot be written as ONNX",
          advice: "Export the numbers alone with --format safetensors.")
      }
      try layer.write(node, to: &onnx)
    }
    let logits = try graph.value(of: .logits)
    let classes = graph.channels(of: logits)
    guard predictionOffsets.isEmpty || predictionOffsets.count == classes else {
      throw LongtailError(.badData, "there are \(predictionOffsets.count) offsets for \(classes) classes")
    }
    let scores = try onnx.name(of: logits)
    if predictionOffsets.isEmpty {
      onnx.add("Identity", [scores], output: ONNXGraph.outputName)
    } else {
      let shape = graph.hasLogitsOfImages ? [1, classes] : [1, classes, 1, 1]
      let offsets = onnx.constant("predictionOffsets", shape: shape, predictionOffsets.map(Float.init))
      onnx.add("Add", [scores, offsets], output: ONNXGraph.outputName)
    }

    return try file(
      onnx.nodes, onnx.constants,
      inputs: [try TrainedModel.description(ONNXGraph.inputName, channels: graph.inputChannels, ["batch", "height", "width"])],
      outputs: [try TrainedModel.description(ONNXGraph.outputName, channels: classes, ["batch"] + outputExtents())], metadata)
  }

  /// What numbers of an input or output are.
  package enum NumberKind: Int64 {
    /// Single precision.
    case float = 1
    /// Whole numbers of 64 bits.
    case integer = 7
  }

  /// A file of a computation whose inputs and outputs have extents of their own; nil stands for one that is not known before.
  package func file(
    _ onnx: ONNXGraph, inputs: [(name: String, kind: NumberKind, extents: [Int?])],
    outputs: [(name: String, kind: NumberKind, extents: [Int?])], notes: [String: String]
  ) throws -> [UInt8] {
    func described(_ value: (name: String, kind: NumberKind, extents: [Int?])) -> ProtocolMessage {
      var shape = ProtocolMessage()
      for extent in value.extents {
        var dimension = ProtocolMessage()
        if let extent { dimension.add(1, Int64(extent)) } else { dimension.add(2, "count") }
        shape.add(1, dimension)
      }
      var tensor = ProtocolMessage()
      tensor.add(1, value.kind.rawValue)
      tensor.add(2, shape)
      var type = ProtocolMessage()
      type.add(1, tensor)
      var message = ProtocolMessage()
      message.add(1, value.name)
      message.add(2, type)
      return message
    }
    return try file(
      onnx.nodes, onnx.constants, inputs: inputs.map(described), outputs: outputs.map(described),
      metadata.merging(notes) { $1 })
  }

  private func file(
    _ nodes: [ProtocolMessage], _ constants: [ProtocolMessage], inputs: [ProtocolMessage], outputs: [ProtocolMessage],
    _ metadata: [String: String]
  ) throws -> [UInt8] {
    var body = ProtocolMessage()
    for node in nodes { body.add(1, node) }
    body.add(2, name)
    for constant in constants { body.add(5, constant) }
    for input in inputs { body.add(11, input) }
    for output in outputs { body.add(12, output) }

    var operators = ProtocolMessage()
    operators.add(1, "")
    operators.add(2, Int64(ONNXGraph.operatorSet))
    var model = ProtocolMessage()
    model.add(1, Int64(ONNXGraph.formatVersion))
    model.add(2, "longtail")
    if let version = notes["longtail"] { model.add(3, version) }
    model.add(7, body)
    model.add(8, operators)
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      var pair = ProtocolMessage()
      pair.add(1, key)
      pair.add(2, value)
      model.add(14, pair)
    }
    guard model.bytes.count <= TrainedModel.largestFile else {
      throw LongtailError(
        .badData, "the model has \(model.bytes.count) bytes, more than an ONNX file holds", advice: "Export it with --format safetensors.")
    }
    return model.bytes
  }

  /// Writes an ONNX file, in one step.
  /// - Throws: as `onnx()`; `LongtailError(.inputOutput)`.
  package func writeONNX(to path: String) throws {
    let bytes = try onnx()
    do {
      try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw LongtailError(.inputOutput, "\(path): cannot be written: \(error.localizedDescription)", advice: "Check permissions and space.")
    }
  }

  /// Names of the logits' extents: the images' own where the network keeps them; none where there is one row an image.
  private func outputExtents() throws -> [String] {
    if graph.hasLogitsOfImages { return [] }
    let size = (height: 2 * graph.strideMultiple, width: 3 * graph.strideMultiple)
    let shape = try graph.shapes(height: size.height, width: size.width).last
    return shape?.height == size.height && shape?.width == size.width ? ["height", "width"] : ["outputHeight", "outputWidth"]
  }

  /// A float32 activation of this many channels; other extents have names instead of numbers.
  private static func description(_ name: String, channels: Int, _ extents: [String]) throws -> ProtocolMessage {
    var shape = ProtocolMessage()
    func add(_ field: (inout ProtocolMessage) -> Void) {
      var dimension = ProtocolMessage()
      field(&dimension)
      shape.add(1, dimension)
    }
    for (place, extent) in extents.enumerated() {
      add { $0.add(2, extent) }
      if place == 0 { add { $0.add(1, Int64(channels)) } }
    }
    var tensor = ProtocolMessage()
    tensor.add(1, Int64(1))
    tensor.add(2, shape)
    var type = ProtocolMessage()
    type.add(1, tensor)
    var value = ProtocolMessage()
    value.add(1, name)
    value.add(2, type)
    return value
  }
}
