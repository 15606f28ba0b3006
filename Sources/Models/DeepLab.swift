import Networks

extension Graph {
  /// DeepLabV3 on a ResNet, as torchvision's `deeplabv3_resnet50`: dilated backbone, pyramid pooling, auxiliary head on the third stage.
  ///
  /// With an auxiliary head and 21 classes the one on ResNet-50 has 42,004,074 parameters, under torchvision's names. Rates are 12, 24, 36
  /// at an output stride of 8, half of that at 16. Logits are resampled to the size of the images.
  /// Source: Chen, Papandreou, Schroff, Adam, "Rethinking atrous convolution for semantic image segmentation", 2017.
  public static func deepLabV3(_ depth: ResNetDepth, classes: Int, options: SegmentationOptions = SegmentationOptions()) -> Graph {
    var graph = Graph(inputChannels: 3, strideMultiple: 1)
    let stride = options.outputStride ?? 8
    let backbone = graph.addResNet(depth, outputStride: stride, to: graph.input)
    graph.addAuxiliaryHead(classes: classes, options: options, to: backbone.levels[2])
    var x = graph.addPyramidPooling(
      rates: atrousRates(stride), dropout: options.dropout ?? 0.5, named: "classifier.0", to: backbone.last)
    x = graph.addNormalizedConvolution(256, kernel: 3, named: "classifier", first: 1, to: x)
    x = graph.add(Convolution(filters: classes, kernel: 1), named: "classifier.4", to: x)
    graph.addUpsampling(named: "classifier.resampling", to: x)
    return graph
  }

  /// DeepLabV3+ on a ResNet: the pyramid's result is joined with the first stage's, reduced to 48 channels, at a quarter of the image's
  /// size.
  ///
  /// Parameter names: `classifier.aspp`, `classifier.project`, `classifier.classifier` (two 3x3 convolutions `0`, `3`, logits `6`). The
  /// output stride is 16 unless said otherwise; convolutions are whole ones, not separable. No auxiliary head unless its weight is given.
  /// Source: Chen, Zhu, Papandreou, Schroff, Adam, "Encoder-decoder with atrous separable convolution for semantic image segmentation",
  /// ECCV 2018, figure 2.
  public static func deepLabV3Plus(_ depth: ResNetDepth, classes: Int, options: SegmentationOptions = SegmentationOptions()) -> Graph {
    var graph = Graph(inputChannels: 3, strideMultiple: 1)
    let stride = options.outputStride ?? 16
    let backbone = graph.addResNet(depth, outputStride: stride, to: graph.input)
    if options.auxiliaryWeight != nil { graph.addAuxiliaryHead(classes: classes, options: options, to: backbone.levels[2]) }
    let pyramid = graph.addPyramidPooling(
      rates: atrousRates(stride), dropout: options.dropout ?? 0.5, named: "classifier.aspp", to: backbone.last)
    let fine = graph.addNormalizedConvolution(48, kernel: 1, named: "classifier.project", to: backbone.levels[0])
    let enlarged = graph.add(BilinearResampling(), named: "classifier.resampling", to: pyramid, fine)
    var x = graph.add(Concatenation(), named: "classifier.join", to: fine, enlarged)
    x = graph.addNormalizedConvolution(256, kernel: 3, named: "classifier.classifier", to: x)
    x = graph.addNormalizedConvolution(256, kernel: 3, named: "classifier.classifier", first: 3, to: x)
    x = graph.add(Convolution(filters: classes, kernel: 1), named: "classifier.classifier.6", to: x)
    graph.addUpsampling(named: "classifier.output", to: x)
    return graph
  }

  /// The rates of the paper: 6, 12, 18 at an output stride of 16, twice as much at 8, half as much at 32.
  private static func atrousRates(_ outputStride: Int) -> [Int] { [96, 192, 288].map { $0 / outputStride } }

  /// torchvision's `aux_classifier`: an FCN head on the third stage, whose loss is added in training.
  mutating func addAuxiliaryHead(classes: Int, options: SegmentationOptions, to features: Value) {
    let weight = options.auxiliaryWeight ?? 0.4
    guard weight > 0 else { return }
    let logits = addFCNHead(classes: classes, dropout: options.dropout ?? 0.1, named: "aux_classifier", to: features)
    addAuxiliaryOutput(logits, weight: weight)
  }
}
