import Networks

extension Graph {
  /// The part behind the last feature map: pooling over the image, projection, classifiers.
  ///
  /// Ports: `featureMap`; `features`, pooled over the image; `projection`, where there is one; `logits`, and `logits.1`, … for further
  /// classifiers. Parameter names: `name.weight`, `name.bias` as torchvision's; `name.scale`, `name.scaling.scales`; `heads.1.…` for
  /// further classifiers; `projection.0` and `projection.2`, numbered as in a PyTorch sequence.
  /// - Parameters:
  ///   - name: the classifier's: `fc` in torchvision's networks, `linear` in those for CIFAR.
  ///   - start: how weights begin that count with their lengths.
  mutating func addClassifiers(
    _ classes: Int, options: ClassifierOptions, named name: String, start: Linear.Start, to map: Value
  ) {
    let pooled = add(GlobalAveragePooling(), named: "avgpool", to: map)
    addPort(.featureMap, map)
    addPort(.features, pooled)
    var read = pooled
    if let projection = options.projection {
      let projected = addProjection(projection, start: start, to: pooled)
      addPort(.projection, projected)
      if projection.isClassified { read = projected }
    }
    // The first classifier is the graph's last part: its scores are the network's output.
    for (place, head) in options.furtherHeads.enumerated() {
      addPort(.logits(place + 1), addHead(head, classes, options, named: "heads.\(place + 1)", start: start, to: read))
    }
    addHead(options.head, classes, options, named: name, start: start, to: read)
  }

  private mutating func addProjection(_ options: ProjectionOptions, start: Linear.Start, to features: Value) -> Value {
    var x = features
    if let hidden = options.hidden {
      x = add(Linear(outputs: hidden, start: start), named: "projection.0", to: x)
      x = add(Rectifier(), named: "projection.1", to: x)
    }
    let last = options.hidden == nil ? 0 : 2
    x = add(Linear(outputs: options.width, start: start), named: "projection.\(last)", to: x)
    if options.isRectified { x = add(Rectifier(), named: "projection.\(last + 1)", to: x) }
    return options.isNormalized ? add(RowNormalization(.unit), named: "projection.normalization", to: x) : x
  }

  @discardableResult
  private mutating func addHead(
    _ head: ClassifierHead, _ classes: Int, _ options: ClassifierOptions, named name: String, start: Linear.Start, to features: Value
  ) -> Value {
    let directions = NormalizedLinear(
      outputs: classes, scale: options.headScale ?? head.ownScale, learnsScale: options.learnsHeadScale)
    switch head {
    case .linear:
      return add(Linear(outputs: classes, start: start), named: name, to: features)
    case .weightNormalized:
      return add(directions, named: name, to: features)
    case .cosine:
      return add(directions, named: name, to: add(RowNormalization(.unit), named: "\(name).normalization", to: features))
    case .squashed:
      return add(directions, named: name, to: add(RowNormalization(.squashed), named: "\(name).normalization", to: features))
    case .scaled:
      return add(
        ColumnScaling(), named: "\(name).scaling", to: add(Linear(outputs: classes, start: start), named: name, to: features))
    }
  }
}
