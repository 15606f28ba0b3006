import Detection
import Exchange
import Foundation
import Networks
import Tensors

/// The second stage: what each proposal shows, its scores and boxes, and the objects that are kept.
extension DetectorONNX {
  /// What each proposal shows of its level: all levels are read, and all but one multiplied by 0.
  mutating func addPooling(_ proposals: String) throws -> String {
    let along = onnx.constant("axis.1", [1])
    let low = onnx.add(
      "Slice", [proposals, onnx.constant("index.0", [0]), onnx.constant("index.2", [2]), along], output: "regions.low")
    let high = onnx.add(
      "Slice", [proposals, onnx.constant("index.2", [2]), onnx.constant("index.4", [4]), along], output: "regions.high")
    let sides = onnx.add("Sub", [high, low], output: "regions.sides")
    let area = onnx.add("ReduceProd", [sides], output: "regions.area", ["axes": .ints([1]), "keepdims": .int(0)])
    let root = onnx.add("Sqrt", [area], output: "regions.root")
    let share = onnx.add(
      "Div", [root, onnx.constant("canonicalSize", shape: [1], [Float(detector.options.canonicalSize)])], output: "regions.share")
    let logarithm = onnx.add("Log", [share], output: "regions.log")
    let exponent = onnx.add("Div", [logarithm, onnx.constant("log2", shape: [1], [Float(log(2.0))])], output: "regions.exponent")
    let raised = onnx.add("Add", [exponent, onnx.constant("levelShift", shape: [1], [4 + 1e-6])], output: "regions.raised")
    let whole = onnx.add("Floor", [raised], output: "regions.whole")
    let above = onnx.add("Max", [whole, onnx.constant("level.first", shape: [1], [2])], output: "regions.above")
    let level = onnx.add("Min", [above, onnx.constant("level.last", shape: [1], [5])], output: "regions.level")
    let count = onnx.add("Shape", [area], output: "regions.count")
    let images = onnx.add("ConstantOfShape", [count], output: "regions.zeros")
    let image = onnx.add("Cast", [images], output: "regions.images", ["to": .int(7)])
    var parts: [String] = []
    for place in 2...5 {
      let read = onnx.add(
        "RoiAlign", [try name(.pyramid(place)), proposals, image], output: "regions.p\(place)",
        [
          "output_height": .int(detector.options.pooledSize), "output_width": .int(detector.options.pooledSize), "sampling_ratio": .int(2),
          "spatial_scale": .float(1 / Double(1 << place)), "mode": .text("avg"),
        ])
      let isOwn = onnx.add("Equal", [level, onnx.constant("level.\(place)", shape: [1], [Float(place)])], output: "regions.own\(place)")
      let factor = onnx.add("Cast", [isOwn], output: "regions.factor\(place)", ["to": .int(1)])
      let shaped = onnx.add("Reshape", [factor, onnx.constant("shape.rows", [-1, 1, 1, 1])], output: "regions.shaped\(place)")
      parts.append(onnx.add("Mul", [read, shaped], output: "regions.part\(place)"))
    }
    return onnx.add("Sum", parts, output: "regions.pooled")
  }

  /// The four linear layers.
  mutating func addHead(_ pooled: String) throws -> (logits: String, codes: String) {
    var x = onnx.add("Flatten", [pooled], output: "regions.flat", ["axis": .int(1)])
    for name in ["roi_heads.box_head.fc6", "roi_heads.box_head.fc7"] {
      x = onnx.add("Relu", [try addLinear(x, name)], output: "\(name).relu")
    }
    var logits = try addLinear(x, "roi_heads.box_predictor.cls_score")
    if !model.predictionOffsets.isEmpty {
      let offsets = onnx.constant("predictionOffsets", shape: [model.predictionOffsets.count], model.predictionOffsets.map(Float.init))
      logits = onnx.add("Add", [logits, offsets], output: "\(logits).adjusted")
    }
    return (logits, try addLinear(x, "roi_heads.box_predictor.bbox_pred"))
  }

  private mutating func addLinear(_ input: String, _ name: String) throws -> String {
    let found = Dictionary(model.tensors.map { ($0.name, $0) }) { first, _ in first }
    guard let weight = found["\(name).weight"], let bias = found["\(name).bias"], weight.shape.count == 2 else {
      throw LongtailError(.badData, "tensor \(name).weight is missing or no matrix", advice: "Check the model in the configuration.")
    }
    return onnx.add(
      "Gemm",
      [
        input, onnx.constant("\(name).weight", shape: weight.shape, weight.values),
        onnx.constant("\(name).bias", shape: bias.shape, bias.values),
      ], output: name, ["transB": .int(1)])
  }

  /// A score for each proposal and class, n,C.
  mutating func addScores(_ logits: String) -> String {
    let classes = Int64(detector.classes)
    func columns(_ source: String, _ from: Int64, _ to: Int64, _ what: String) -> String {
      onnx.add(
        "Slice",
        [source, onnx.constant("index.\(from)", [from]), onnx.constant("index.\(to)", [to]), onnx.constant("axis.1", [1])],
        output: "scores.\(what)")
    }
    switch detector.form {
    case .sigmoid: return onnx.add("Sigmoid", [logits], output: "scores.all")
    case .softmax: return columns(onnx.add("Softmax", [logits], output: "scores.softmax", ["axis": .int(1)]), 1, classes + 1, "all")
    case .sigmoidWithBackground:
      let sigmoid = onnx.add("Sigmoid", [logits], output: "scores.sigmoid")
      let rest = onnx.add(
        "Sub", [onnx.constant("one", shape: [1], [1]), columns(sigmoid, classes, classes + 1, "background")], output: "scores.rest")
      return onnx.add("Mul", [columns(sigmoid, 0, classes, "classes"), rest], output: "scores.all")
    case .softmaxWithObjectness:
      let softmax = onnx.add("Softmax", [columns(logits, 0, classes, "classes")], output: "scores.softmax", ["axis": .int(1)])
      let distance = onnx.add(
        "Sub", [columns(logits, classes, classes + 1, "object"), columns(logits, classes + 1, classes + 2, "background")],
        output: "scores.distance")
      return onnx.add("Mul", [softmax, onnx.add("Sigmoid", [distance], output: "scores.objectness")], output: "scores.all")
    }
  }

  /// Boxes of every class, suppressed class by class, the best of them.
  mutating func addObjects(_ proposals: String, scores: String, codes: String) {
    let classes = Int64(detector.classes)
    let along = onnx.constant("axis.1", [1])
    let sides = "regions.sides"
    let centre = onnx.add(
      "Add", ["regions.low", onnx.add("Mul", [sides, onnx.constant("half", shape: [1], [0.5])], output: "regions.halves")],
      output: "regions.centres")
    let own = onnx.add(
      "Slice", [codes, onnx.constant("index.4", [4]), onnx.constant("index.codes", [4 * (classes + 1)]), along], output: "objects.codes")
    let shaped = onnx.add("Reshape", [own, onnx.constant("shape.codes3", [-1, classes, 4])], output: "objects.codes.shaped")
    let boxes = addDecoding(
      shaped, centres: onnx.add("Unsqueeze", [centre, along], output: "objects.centres"),
      sizes: onnx.add("Unsqueeze", [sides, along], output: "objects.sizes"), axis: 2, weights: (10, 5), named: "objects")
    let masked = addMask(scores, boxes, axis: 2, least: 0.01, named: "objects.all")
    // Classes are the images of the operator: each has boxes of its own.
    let byClass = onnx.add("Transpose", [boxes], output: "objects.byClass", ["perm": .ints([1, 0, 2])])
    let scoresByClass = onnx.add("Transpose", [masked], output: "objects.scoresByClass", ["perm": .ints([1, 0])])
    let kept = onnx.add(
      "NonMaxSuppression",
      [
        byClass, onnx.add("Unsqueeze", [scoresByClass, along], output: "objects.scores.one"),
        onnx.constant("objects.limit", [Int64(detector.options.detections)]), onnx.constant("overlap.0.5", shape: [1], [0.5]),
        onnx.constant("objects.threshold", shape: [1], [Float(detector.options.scoreThreshold)]),
      ], output: "objects.kept")
    func column(_ index: Int64, _ what: String) -> String {
      let found = onnx.add("Gather", [kept, onnx.constant("index.\(index)", [index])], output: "objects.\(what).column", ["axis": .int(1)])
      return onnx.add("Reshape", [found, onnx.constant("shape.flat", [-1])], output: "objects.\(what)")
    }
    let (label, row) = (column(0, "class"), column(2, "row"))
    let first = onnx.add("Mul", [label, "regions.count"], output: "objects.first")
    let place = onnx.add("Add", [first, row], output: "objects.place")
    let flatBoxes = onnx.add("Reshape", [byClass, onnx.constant("shape.boxes", [-1, 4])], output: "objects.flatBoxes")
    let flatScores = onnx.add("Reshape", [scoresByClass, onnx.constant("shape.flat", [-1])], output: "objects.flatScores")
    let keptBoxes = onnx.add("Gather", [flatBoxes, place], output: "objects.keptBoxes", ["axis": .int(0)])
    let keptScores = onnx.add("Gather", [flatScores, place], output: "objects.keptScores", ["axis": .int(0)])
    let best = addBest(keptScores, limit: detector.options.detections, named: "objects.best")
    onnx.add("Identity", [best], output: "scores")
    onnx.add("Gather", [keptBoxes, "\(best).positions"], output: "boxes", ["axis": .int(0)])
    onnx.add("Gather", [label, "\(best).positions"], output: "labels", ["axis": .int(0)])
  }
}
