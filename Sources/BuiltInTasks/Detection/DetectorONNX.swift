import Detection
import Exchange
import Images
import Kernels
import Models
import Networks
import Tensors

/// A detector as other programs run it: both stages, proposals and suppression in one computation for one image on a canvas.
///
/// Inputs: `input`, float32 1,3,H,W, normalized as the metadata say, the image in the upper left and 0 elsewhere; `size`, float32 2: the
/// columns and rows that the image covers. Outputs, by falling score: `boxes` n,4 as left, top, right, bottom in pixels of the canvas,
/// `scores` n, and `labels` n, classes from 0 on. The canvas is fixed, since anchors are constants. Unlike the engine, all pairs of a
/// proposal and a class above the threshold are suppressed, however many there are.
package struct DetectorONNX {
  let model: TrainedModel
  let detector: Detector
  let size: ImageSize
  var onnx: ONNXGraph

  /// - Parameters:
  ///   - model: both stages' tensors.
  ///   - size: that of the canvas, padded to what the network divides by.
  package init(_ model: TrainedModel, _ detector: Detector, canvas size: ImageSize) {
    (self.model, self.detector, self.size) = (model, detector, size)
    onnx = ONNXGraph(model.graph, model.tensors)
  }

  /// The file's bytes.
  /// - Throws: `LongtailError` for tensors that are missing or have another shape, and a layer that ONNX is not known for.
  package mutating func bytes() throws -> [UInt8] {
    for node in model.graph.nodes {
      if node.layer is LevelPacking {
        try pack(node)
      } else if let layer = node.layer as? any ONNXLayer {
        try layer.write(node, to: &onnx)
      } else {
        throw LongtailError(
          .usage, "layer \(node.name) is a \(node.layer.kind), which cannot be written as ONNX",
          advice: "Export the numbers alone with --format safetensors.")
      }
    }
    let proposals = try addProposals()
    let pooled = try addPooling(proposals)
    let (logits, codes) = try addHead(pooled)
    addObjects(proposals, scores: addScores(logits), codes: codes)
    return try model.file(
      onnx, inputs: [("input", .float, [1, 3, size.height, size.width]), ("size", .float, [2])],
      outputs: [("boxes", .float, [nil, 4]), ("scores", .float, [nil]), ("labels", .integer, [nil])],
      notes: [
        "canvas": "\(size.width)x\(size.height)",
        "input":
          "float32 1,3,\(size.height),\(size.width); planes R, G, B; (value / 255 - mean) / standardDeviation; the image, resized with "
          + "its proportions kept, in the upper left, 0 elsewhere; size: its columns and rows",
      ])
  }

  // MARK: First stage

  private var places: PackedLevels { PackedLevels(Detector.extents(ofInput: size)) }

  /// Every level with zeros around it, as large as all of them together; their sum.
  private mutating func pack(_ node: Graph.Node) throws {
    let places = places
    let output = onnx.outputName(node)
    var parts: [String] = []
    for (index, level) in places.levels.enumerated() {
      let (top, left) = level.origin.quotientAndRemainder(dividingBy: places.width)
      let pads = [0, 0, top, left, 0, 0, places.height - top - level.height, places.width - left - level.width].map(Int64.init)
      parts.append(
        onnx.add("Pad", [try onnx.input(index, of: node), onnx.constant("\(output).pads.\(index)", pads)], output: "\(output).\(index)"))
    }
    onnx.add("Sum", parts, output: output)
    onnx.define(node, as: output)
  }

  func name(_ port: Networks.Port) throws -> String {
    try onnx.name(of: model.graph.value(of: port))
  }

  /// The proposals, n,4.
  private mutating func addProposals() throws -> String {
    let (objectness, codes) = (try name(.objectness), try name(.anchorCodes))
    let (grid, places, limit) = (detector.grid(size), places, detector.options.proposals)
    var (boxes, scores): ([String], [String]) = ([], [])
    for (index, level) in grid.levels.enumerated() {
      let stem = "level\(index)"
      let (top, left) = places.levels[index].origin.quotientAndRemainder(dividingBy: places.width)
      func rows(_ source: String, _ what: String, _ shape: [Int64]) -> String {
        let starts = onnx.constant("\(stem).starts", [Int64(top), Int64(left)])
        let ends = onnx.constant("\(stem).ends", [Int64(top + level.height), Int64(left + level.width)])
        let part = onnx.add("Slice", [source, starts, ends, onnx.constant("axes.spatial", [2, 3])], output: "\(stem).\(what).part")
        let turned = onnx.add("Transpose", [part], output: "\(stem).\(what).turned", ["perm": .ints([0, 2, 3, 1])])
        return onnx.add("Reshape", [turned, onnx.constant("shape.\(what)", shape)], output: "\(stem).\(what)")
      }
      let (logits, own) = (rows(objectness, "logits", [-1]), rows(codes, "codes", [-1, 4]))
      let count = onnx.constant("\(stem).count", [Int64(min(limit, level.count))])
      let best = onnx.add("TopK", [logits, count], output: "\(stem).best", hasPositions: true)
      let indices = "\(best).positions"
      let anchors = grid.anchors[level.first..<level.first + level.count]
      let centres = anchors.flatMap { [$0.left + 0.5 * $0.width, $0.top + 0.5 * $0.height] }
      let sizes = anchors.flatMap { [$0.width, $0.height] }
      func gathered(_ name: String, _ source: String) -> String {
        onnx.add("Gather", [source, indices], output: "\(stem).\(name)", ["axis": .int(0)])
      }
      let box = addDecoding(
        gathered("own", own), centres: gathered("centres", onnx.constant("\(stem).anchorCentres", shape: [level.count, 2], centres)),
        sizes: gathered("sizes", onnx.constant("\(stem).anchorSizes", shape: [level.count, 2], sizes)), axis: 1, named: stem)
      let score = addMask(onnx.add("Sigmoid", [best], output: "\(stem).sigmoid"), box, axis: 1, least: 1e-3, named: stem)
      let (keptBoxes, keptScores) = addSuppression(box, score, limit: level.count, named: stem)
      boxes.append(keptBoxes)
      scores.append(keptScores)
    }
    let all = onnx.add("Concat", boxes, output: "proposals.all", ["axis": .int(0)])
    let score = onnx.add("Concat", scores, output: "proposals.scores", ["axis": .int(0)])
    let order = addBest(score, limit: limit, named: "proposals")
    return onnx.add("Gather", [all, "\(order).positions"], output: "proposals", ["axis": .int(0)])
  }

  /// Boxes of codes against boxes, limited to the image; the last axis has two numbers of each.
  mutating func addDecoding(
    _ codes: String, centres: String, sizes: String, axis: Int, weights: (Float, Float) = (1, 1), named name: String
  ) -> String {
    let along = onnx.constant("axis.\(axis)", [Int64(axis)])
    func part(_ from: Int64, _ to: Int64, _ what: String) -> String {
      onnx.add(
        "Slice", [codes, onnx.constant("index.\(from)", [from]), onnx.constant("index.\(to)", [to]), along], output: "\(name).\(what)")
    }
    var (shift, scale) = (part(0, 2, "shift"), part(2, 4, "scale"))
    if weights != (1, 1) {
      shift = onnx.add("Div", [shift, onnx.constant("weight.shift", shape: [1], [weights.0])], output: "\(name).shift.weighed")
      scale = onnx.add("Div", [scale, onnx.constant("weight.scale", shape: [1], [weights.1])], output: "\(name).scale.weighed")
    }
    let limited = onnx.add("Min", [scale, onnx.constant("codeLimit", shape: [1], [BoxCoder.limit])], output: "\(name).limited")
    let moved = onnx.add("Mul", [shift, sizes], output: "\(name).moved")
    let centre = onnx.add("Add", [moved, centres], output: "\(name).centre")
    let grown = onnx.add("Mul", [onnx.add("Exp", [limited], output: "\(name).exp"), sizes], output: "\(name).grown")
    let half = onnx.add("Mul", [grown, onnx.constant("half", shape: [1], [0.5])], output: "\(name).half")
    let zero = onnx.constant("zero", shape: [1], [0])
    func limitedCorner(_ operation: String) -> String {
      let corner = onnx.add(operation, [centre, half], output: "\(name).\(operation)")
      let above = onnx.add("Max", [corner, zero], output: "\(name).\(operation).above")
      return onnx.add("Min", [above, "size"], output: "\(name).\(operation).inside")
    }
    return onnx.add("Concat", [limitedCorner("Sub"), limitedCorner("Add")], output: "\(name).boxes", ["axis": .int(axis)])
  }

  /// Scores; 0 where a side of the box is too short.
  mutating func addMask(_ scores: String, _ boxes: String, axis: Int, least: Float, named name: String) -> String {
    let along = onnx.constant("axis.\(axis)", [Int64(axis)])
    func part(_ from: Int64, _ to: Int64, _ what: String) -> String {
      onnx.add(
        "Slice", [boxes, onnx.constant("index.\(from)", [from]), onnx.constant("index.\(to)", [to]), along], output: "\(name).\(what)")
    }
    let sides = onnx.add("Sub", [part(2, 4, "high"), part(0, 2, "low")], output: "\(name).sides")
    let shortest = onnx.add("ReduceMin", [sides], output: "\(name).shortest", ["axes": .ints([axis]), "keepdims": .int(0)])
    let tooShort = onnx.add("Less", [shortest, onnx.constant("\(name).least", shape: [1], [least])], output: "\(name).tooShort")
    return onnx.add("Where", [tooShort, onnx.constant("zero", shape: [1], [0]), scores], output: "\(name).scores")
  }

  /// Non-maximum suppression of one group.
  private mutating func addSuppression(_ boxes: String, _ scores: String, limit: Int, named name: String) -> (boxes: String, scores: String)
  {
    let one = onnx.constant("axis.0", [0])
    let both = onnx.constant("axes.0.1", [0, 1])
    let kept = onnx.add(
      "NonMaxSuppression",
      [
        onnx.add("Unsqueeze", [boxes, one], output: "\(name).boxes.one"),
        onnx.add("Unsqueeze", [scores, both], output: "\(name).scores.one"), onnx.constant("\(name).limit", [Int64(limit)]),
        onnx.constant("overlap.0.7", shape: [1], [0.7]), onnx.constant("zero", shape: [1], [0]),
      ], output: "\(name).kept")
    let column = onnx.add("Gather", [kept, onnx.constant("index.2", [2])], output: "\(name).kept.column", ["axis": .int(1)])
    let places = onnx.add("Reshape", [column, onnx.constant("shape.flat", [-1])], output: "\(name).kept.places")
    return (
      onnx.add("Gather", [boxes, places], output: "\(name).kept.boxes", ["axis": .int(0)]),
      onnx.add("Gather", [scores, places], output: "\(name).kept.scores", ["axis": .int(0)])
    )
  }

  /// The largest scores, as many as there are at most.
  mutating func addBest(_ scores: String, limit: Int, named name: String) -> String {
    let count = onnx.add("Shape", [scores], output: "\(name).count")
    let limited = onnx.add("Min", [count, onnx.constant("\(name).most", [Int64(limit)])], output: "\(name).limited")
    return onnx.add("TopK", [scores, limited], output: "\(name).best", hasPositions: true)
  }
}
