import Networks

extension Graph {
  /// A fully convolutional network on a ResNet, as torchvision's `fcn_resnet50`: dilated backbone, one small head, auxiliary head.
  ///
  /// Parameter names are torchvision's. Logits are resampled to the size of the images.
  /// Source: Long, Shelhamer, Darrell, "Fully convolutional networks for semantic segmentation", CVPR 2015.
  public static func fcn(_ depth: ResNetDepth, classes: Int, options: SegmentationOptions = SegmentationOptions()) -> Graph {
    var graph = Graph(inputChannels: 3, strideMultiple: 1)
    let backbone = graph.addResNet(depth, outputStride: options.outputStride ?? 8, to: graph.input)
    graph.addAuxiliaryHead(classes: classes, options: options, to: backbone.levels[2])
    graph.addFCNHead(classes: classes, dropout: options.dropout ?? 0.1, named: "classifier", to: backbone.last)
    return graph
  }
}
