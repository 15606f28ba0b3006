import Networks

extension Graph {
  /// Convolution without bias, batch norm, ReLU: `name.0`, `name.1`, as a PyTorch sequence that begins at `first` numbers them.
  mutating func addNormalizedConvolution(
    _ filters: Int, kernel: Int, dilation: Int = 1, rectified: Bool = true, named name: String, first: Int = 0, to input: Value
  ) -> Value {
    let x = add(
      Convolution(filters: filters, kernel: kernel, padding: kernel / 2 * dilation, dilation: dilation, bias: false),
      named: "\(name).\(first)", to: input)
    return add(BatchNormalization(rectified: rectified), named: "\(name).\(first + 1)", to: x)
  }

  /// Dropout, left out where its probability is 0.
  mutating func addDropout(_ probability: Double, named name: String, to input: Value) -> Value {
    probability > 0 ? add(Dropout(probability: probability), named: name, to: input) : input
  }

  /// Logits at the size of the images.
  @discardableResult
  mutating func addUpsampling(named name: String, to logits: Value) -> Value {
    add(BilinearResampling(), named: name, to: logits, input)
  }

  /// torchvision's `FCNHead`: 3x3 convolution to a quarter of the channels, batch norm, ReLU, dropout, 1x1 convolution to the classes; and
  /// the logits at the size of the images. Parameter names: `name.0`, `name.1`, `name.4`.
  @discardableResult
  mutating func addFCNHead(classes: Int, dropout: Double, named name: String, to features: Value) -> Value {
    var x = addNormalizedConvolution(channels(of: features) / 4, kernel: 3, named: name, to: features)
    x = addDropout(dropout, named: "\(name).3", to: x)
    x = add(Convolution(filters: classes, kernel: 1), named: "\(name).4", to: x)
    return addUpsampling(named: "\(name).resampling", to: x)
  }

  /// Atrous spatial pyramid pooling, 256 channels: a 1x1 convolution, three dilated 3x3 ones, the mean over the image; joined and
  /// projected.
  ///
  /// Parameter names: `name.convs.0` to `name.convs.4`, `name.project`. With one image a batch and no other rank, batch norm on the mean
  /// over the image would see a single number a channel; training refuses that (`Graph.normalizationsOfOneNumber`).
  /// Source: Chen, Papandreou, Schroff, Adam, "Rethinking atrous convolution for semantic image segmentation", 2017, figure 5.
  mutating func addPyramidPooling(rates: [Int], dropout: Double, named name: String, to features: Value) -> Value {
    var branches = [addNormalizedConvolution(256, kernel: 1, named: "\(name).convs.0", to: features)]
    for (i, rate) in rates.enumerated() {
      branches.append(addNormalizedConvolution(256, kernel: 3, dilation: rate, named: "\(name).convs.\(i + 1)", to: features))
    }
    let pooling = "\(name).convs.\(rates.count + 1)"
    var mean = add(GlobalAveragePooling(), named: "\(pooling).0", to: features)
    mean = addNormalizedConvolution(256, kernel: 1, named: pooling, first: 1, to: mean)
    mean = add(BilinearResampling(), named: "\(pooling).resampling", to: mean, features)
    let joined = add(Concatenation(), named: "\(name).join", to: branches + [mean])
    let projected = addNormalizedConvolution(256, kernel: 1, named: "\(name).project", to: joined)
    return addDropout(dropout, named: "\(name).project.3", to: projected)
  }
}
