import Networks

extension Graph {
  /// A feature pyramid on a ResNet with a head for segmentation.
  ///
  /// Each of the four stages is projected to 256 channels; from the coarsest to the finest the sum so far is enlarged and added; a 3x3
  /// convolution follows on each level. The head takes each level to a quarter of the image's size, by 3x3 convolutions to 128 channels
  /// with an enlargement behind each, adds them all up, and ends with a 1x1 convolution; logits are resampled to the size of the images.
  /// Enlargements are bilinear throughout (the paper's are nearest-neighbour in the pyramid), and batch norm stands for its group norm.
  ///
  /// Parameter names, by level from the finest: `fpn.inner_blocks.L`, `fpn.layer_blocks.L` as torchvision's pyramid with batch norm,
  /// `classifier.scale_heads.L.S`, `classifier.predictor`. No auxiliary head unless its weight is given.
  /// Sources: Lin and others, "Feature pyramid networks for object detection", CVPR 2017; Kirillov, Girshick, He, Dollár, "Panoptic feature
  /// pyramid networks", CVPR 2019, figure 3.
  public static func featurePyramid(_ depth: ResNetDepth, classes: Int, options: SegmentationOptions = SegmentationOptions()) -> Graph {
    var graph = Graph(inputChannels: 3, strideMultiple: 1)
    let backbone = graph.addResNet(depth, outputStride: options.outputStride ?? 32, to: graph.input)
    if options.auxiliaryWeight != nil { graph.addAuxiliaryHead(classes: classes, options: options, to: backbone.levels[2]) }
    var sums: [Value] = []
    for (level, features) in backbone.levels.enumerated().reversed() {
      var x = graph.addNormalizedConvolution(256, kernel: 1, rectified: false, named: "fpn.inner_blocks.\(level)", to: features)
      if let coarser = sums.first {
        let enlarged = graph.add(BilinearResampling(), named: "fpn.resampling.\(level)", to: coarser, x)
        x = graph.add(Addition(), named: "fpn.add.\(level)", to: x, enlarged)
      }
      sums.insert(x, at: 0)
    }
    let levels = sums.enumerated().map { level, x in
      graph.addNormalizedConvolution(256, kernel: 3, rectified: false, named: "fpn.layer_blocks.\(level)", to: x)
    }
    var total: Value?
    for (level, features) in levels.enumerated() {
      var x = features
      for step in 0..<max(1, level) {
        let name = "classifier.scale_heads.\(level).\(step)"
        x = graph.addNormalizedConvolution(128, kernel: 3, named: name, to: x)
        if level > 0 { x = graph.add(BilinearResampling(), named: "\(name).resampling", to: x, levels[level - 1 - step]) }
      }
      total = total.map { graph.add(Addition(), named: "classifier.add.\(level)", to: $0, x) } ?? x
    }
    let merged = graph.addDropout(options.dropout ?? 0.1, named: "classifier.dropout", to: total ?? levels[0])
    let logits = graph.add(Convolution(filters: classes, kernel: 1), named: "classifier.predictor", to: merged)
    graph.addUpsampling(named: "classifier.resampling", to: logits)
    return graph
  }
}
