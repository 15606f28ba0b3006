import func Foundation.log
import Networks

extension Port {
  /// A level of the pyramid: `p2` has stride 4, `p5` stride 32.
  public static func pyramid(_ level: Int) -> Port { Port("p\(level)") }
  /// The first stage's scores of anchors, of all levels in one activation.
  public static let objectness = Port("objectness")
  /// The first stage's codes of anchors, four channels an anchor, of all levels in one activation.
  public static let anchorCodes = Port("anchorCodes")
  /// The second stage's codes of regions.
  public static let regionCodes = Port("regionCodes")
}

extension Graph {
  /// The first stage of Faster R-CNN: a pyramid on a ResNet, and the head that scores anchors.
  ///
  /// Each of the four stages is projected by a 1x1 convolution; from the coarsest to the finest the sum so far is enlarged by the nearest
  /// position and added; a 3x3 convolution follows on each level: ports `p2` to `p5`. The head also sees every second position of the
  /// coarsest level. It is one 3x3 convolution, ReLU, and two 1x1 convolutions for scores and codes: ports `objectness` and
  /// `anchorCodes`. All levels share it, which is why they are packed into one activation: see `PackedLevels`.
  ///
  /// Parameter names are torchvision's: `backbone.body`, `backbone.fpn.inner_blocks.L.0`, `backbone.fpn.layer_blocks.L.0`,
  /// `rpn.head.conv.0.0`, `rpn.head.cls_logits`, `rpn.head.bbox_pred`. Batch norm is ordinary; freeze it where pretrained weights are
  /// loaded. Sources: Ren, He, Girshick, Sun, "Faster R-CNN", NeurIPS 2015; Lin and others, "Feature pyramid networks for object
  /// detection", CVPR 2017.
  public static func fasterRCNN(_ depth: ResNetDepth, options: FasterRCNNOptions = FasterRCNNOptions()) -> Graph {
    var graph = Graph(inputChannels: 3, strideMultiple: 32)
    let backbone = graph.addResNet(
      ResNetDesign(depth: depth, width: options.backboneWidth), outputStride: 32, named: "backbone.body", to: graph.input)
    var levels = graph.addPyramid(backbone.levels, channels: options.pyramidChannels)
    for (place, level) in levels.enumerated() { graph.addPort(.pyramid(place + 2), level) }
    levels.append(graph.add(Pooling(.maximum, kernel: 1, stride: 2), named: "backbone.fpn.pool", to: levels[levels.count - 1]))
    let packed = graph.add(LevelPacking(), named: "rpn.packing", to: levels)
    let start = Convolution.Start.head(deviation: 0.01, bias: 0)
    var x = graph.add(
      Convolution(filters: options.pyramidChannels, kernel: 3, padding: 1, start: start), named: "rpn.head.conv.0.0", to: packed)
    x = graph.add(Rectifier(), named: "rpn.head.conv.0.1", to: x)
    let scores = graph.add(
      Convolution(filters: options.anchorsPerCell, kernel: 1, start: start), named: "rpn.head.cls_logits", to: x)
    let codes = graph.add(
      Convolution(filters: 4 * options.anchorsPerCell, kernel: 1, start: start), named: "rpn.head.bbox_pred", to: x)
    graph.addPort(.objectness, scores)
    graph.addPort(.anchorCodes, codes)
    return graph
  }

  /// torchvision's feature pyramid: convolutions with bias, no norm, enlargement by the nearest position.
  mutating func addPyramid(_ stages: [Value], channels: Int) -> [Value] {
    var sums: [Value] = []
    for (level, features) in stages.enumerated().reversed() {
      var x = add(
        Convolution(filters: channels, kernel: 1, start: .pyramid), named: "backbone.fpn.inner_blocks.\(level).0", to: features)
      if let coarser = sums.first {
        let enlarged = add(NearestResampling(), named: "backbone.fpn.resampling.\(level)", to: coarser, x)
        x = add(Addition(), named: "backbone.fpn.add.\(level)", to: x, enlarged)
      }
      sums.insert(x, at: 0)
    }
    return sums.enumerated().map { level, x in
      add(
        Convolution(filters: channels, kernel: 3, padding: 1, start: .pyramid), named: "backbone.fpn.layer_blocks.\(level).0", to: x)
    }
  }

  /// Both stages of Faster R-CNN: the first with the second behind it, under the name `regions`.
  /// - Parameters:
  ///   - classes: C; the second stage has codes for each class and, unused, for background.
  ///   - classColumns: columns of the class layer, as its loss needs them.
  ///   - prior: see `regionHead`.
  package static func detector(
    _ depth: ResNetDepth, classes: Int, classColumns: Int, prior: Double? = nil, options: FasterRCNNOptions = FasterRCNNOptions()
  ) -> Graph {
    var graph = fasterRCNN(depth, options: options)
    let head = regionHead(classColumns: classColumns, codeColumns: 4 * (classes + 1), prior: prior, options: options)
    graph.continuations = [
      Continuation(
        Continuation.regions, head, height: options.pooledSize, width: options.pooledSize, imagesPerImage: options.rows)
    ]
    return graph
  }

  /// The second stage of Faster R-CNN: two wide layers over what is read of each region, and two more for classes and codes.
  ///
  /// An image of the input is a region. The wide layers are convolutions: the first covers the region, the second a single position, which
  /// is what torchvision's linear layers compute; files hold their weights as these have them. Ports: `logits`, `regionCodes`, and
  /// `features`, what the class layer reads. Names: `roi_heads.box_head.fc6`, `.fc7`, `roi_heads.box_predictor.cls_score`, `.bbox_pred`.
  /// - Parameters:
  ///   - classColumns: columns of the class layer, as its loss needs them.
  ///   - codeColumns: four for each class and for background, or four in all.
  ///   - prior: for heads of sigmoids, the probability that every class begins with; nil begins as torchvision does.
  public static func regionHead(
    classColumns: Int, codeColumns: Int, prior: Double? = nil, options: FasterRCNNOptions = FasterRCNNOptions()
  ) -> Graph {
    var graph = Graph(inputChannels: options.pyramidChannels, strideMultiple: 1)
    graph.inputOrder = .channelBlocks
    func linear(_ width: Int, kernel: Int = 1, start: Convolution.Start = .uniform) -> Convolution {
      var layer = Convolution(filters: width, kernel: kernel, start: start)
      layer.isLinear = true
      return layer
    }
    var x = graph.add(linear(options.headWidth, kernel: options.pooledSize), named: "roi_heads.box_head.fc6", to: graph.input)
    x = graph.add(Rectifier(), named: "roi_heads.box_head.fc6.relu", to: x)
    x = graph.add(linear(options.headWidth), named: "roi_heads.box_head.fc7", to: x)
    x = graph.add(Rectifier(), named: "roi_heads.box_head.fc7.relu", to: x)
    graph.addPort(.features, x)
    let start = prior.map { Convolution.Start.head(deviation: 0.01, bias: logOdds($0)) } ?? .uniform
    let classes = graph.add(linear(classColumns, start: start), named: "roi_heads.box_predictor.cls_score", to: x)
    let codes = graph.add(linear(codeColumns), named: "roi_heads.box_predictor.bbox_pred", to: x)
    graph.addPort(.logits, classes)
    graph.addPort(.regionCodes, codes)
    return graph
  }
}

/// log(p / (1 - p)).
private func logOdds(_ probability: Double) -> Float { Float(log(probability / (1 - probability))) }

extension Continuation {
  /// The name of a detector's second stage.
  public static let regions = "regions"
}
