import Tensors

/// What became of the tensors of a file with pretrained weights. Every tensor of the file and of the network is in one of the lists.
package struct PretrainedReport: Sendable, Equatable {
  /// Tensors of the network that were taken from the file.
  package var matched: [String] = []
  /// Tensors of the network that the file does not have; they keep their first values.
  package var missing: [String] = []
  /// Tensors of the file that the network does not have.
  package var unexpected: [String] = []
  /// Tensors of the layers that compute the logits, which keep their first values because that was asked for.
  package var skipped: [String] = []
  /// Tensors of the file that count batches (`num_batches_tracked`), which nothing here depends on.
  package var counters: [String] = []
  /// What was changed about the file's numbers, in sentences.
  package var remarks: [String] = []

  /// The lists in lines: matched ones counted by layer, missing and unexpected ones by name.
  package func lines(file: String) -> [String] {
    let layers = matched.map { $0.split(separator: ".").prefix(2).joined(separator: ".") }
    let sizes = Dictionary(layers.map { ($0, 1) }, uniquingKeysWith: +)
    var counted = Set<String>()
    let counts = layers.filter { counted.insert($0).inserted }.map { "\($0) (\(sizes[$0, default: 0]))" }
    func list(_ title: String, _ names: [String]) -> String {
      "  \(title): \(names.count)" + (names.isEmpty ? "" : ": \(names.joined(separator: ", "))")
    }
    var lines = ["pretrained weights from \(file)", list("matched", counts).replacing(count: matched.count, of: counts.count)]
    lines += [list("missing, left at their first values", missing), list("unexpected, not used", unexpected)]
    if !skipped.isEmpty { lines.append(list("left at their first values as model.pretrainedHead says", skipped)) }
    if !counters.isEmpty { lines.append("  counters of batches, not used: \(counters.count)") }
    lines += remarks.map { "  \($0)" }
    return lines
  }
}

extension String {
  /// The number of tensors where the list is of layers.
  fileprivate func replacing(count: Int, of layers: Int) -> String {
    "  matched: \(count)" + dropFirst("  matched: \(layers)".count)
  }
}

extension Network {
  /// Takes parameters and running statistics from tensors in torchvision's names, or in timm's: those of a backbone alone, whose names lack
  /// `backbone.`, are found too.
  ///
  /// - Parameters:
  ///   - tensors: those of a file, as they are.
  ///   - skipsHead: leaves the layers that compute the logits as they are, whatever the tensors have for them.
  ///   - source: what messages call the tensors.
  ///   - requiresBackbone: whether the whole backbone has to be among the tensors, where the network has one.
  /// - Throws: `LongtailError` with code `badData` where nothing matches, where a part of the backbone is missing, or naming every tensor of
  ///   another shape; nothing is changed then.
  package func loadPretrained(_ tensors: [StoredTensor], skipsHead: Bool, source: String, requiresBackbone: Bool = true) throws
    -> PretrainedReport
  {
    let entries = parts.flatMap { $0.parameterNames.map { (name: $0.name, shape: $0.shape) } }
    let kept = parts.flatMap { $0.runningStatistics.map { (name: $0.name, shape: $0.shape) } }
    let shapes = Dictionary(uniqueKeysWithValues: (entries + kept).map { ($0.name, $0.shape) })
    let head = Set(graph.headLayers.flatMap { layer in shapes.keys.filter { $0.hasPrefix("\(layer).") } })
    var report = PretrainedReport()
    var found: [String: StoredTensor] = [:]
    for tensor in tensors {
      let name = Graph.spellings(of: tensor.name).first { shapes[$0] != nil } ?? tensor.name
      if name.hasSuffix(".num_batches_tracked") {
        report.counters.append(tensor.name)
      } else if shapes[name] == nil || found[name] != nil {
        report.unexpected.append(tensor.name)
      } else {
        found[name] = tensor
      }
    }
    var wrong: [String] = []
    for (name, shape) in entries + kept {
      if skipsHead, head.contains(name) {
        report.skipped.append(name)
      } else if let tensor = found[name] {
        if !shape.isSame(as: tensor.shape) { wrong.append("\(tensor.name) is \(tensor.shape), the network has \(shape)") }
        report.matched.append(name)
      } else {
        report.missing.append(name)
      }
    }
    let isHead = !wrong.isEmpty && wrong.allSatisfy { text in head.contains { text.hasPrefix("\($0) ") } }
    try check(report, wrong, isHead: isHead, requiresBackbone: requiresBackbone, source)
    var values = try report.matched.compactMap { name in try found[name]?.namedTensor().renamed(name) }
    let epsilons = Graph.isPublishedDetector(tensors.map(\.name)) ? graph.epsilonsOfVariances : [:]
    for place in values.indices {
      guard let epsilon = epsilons[values[place].name] else { continue }
      for k in values[place].values.indices { values[place].values[k] -= epsilon }
    }
    if !epsilons.isEmpty {
      report.remarks.append(
        "variances of batch norm are taken without the epsilon that is added to them here: the file's network adds none")
    }
    for part in parts { try part.loadPresent(values) }
    return report
  }

  private func check(_ report: PretrainedReport, _ wrong: [String], isHead: Bool, requiresBackbone: Bool, _ source: String) throws {
    guard wrong.isEmpty else {
      throw LongtailError(
        .badData, "'\(source)' has tensors of other shapes:\n  " + wrong.joined(separator: "\n  "),
        advice: isHead
          ? "These layers depend on the classes, and the file's are others: model.pretrainedHead: skip leaves them at their first values."
          : "Take the weights of the network that model.name says.")
    }
    guard !report.matched.isEmpty else {
      throw LongtailError(
        .badData, "'\(source)' has no tensor of this network: it holds \(report.unexpected.prefix(3).joined(separator: ", ")), …",
        advice: "Names have to be those of torchvision's networks, or of a backbone alone.")
    }
    // A pyramid on a backbone that comes from elsewhere begins anew.
    let lacking = report.missing.filter { graph.isOfBackbone($0) && !$0.hasPrefix("\(Graph.backboneName)fpn.") }
    guard lacking.isEmpty || !requiresBackbone else {
      throw LongtailError(
        .badData, "'\(source)' lacks \(lacking.count) tensors of the backbone: \(lacking.joined(separator: ", "))",
        advice: "Take the weights of the backbone that model.name says.")
    }
  }
}

extension NamedTensor {
  fileprivate func renamed(_ name: String) -> NamedTensor { NamedTensor(name: name, shape: shape, values: values) }
}

extension Graph {
  /// The names of the layers that compute logits, those of further classifiers and auxiliary heads included: the last one with weights before each, and a batch norm behind it.
  var logitsLayers: [String] {
    ports.filter { $0.port == .logits || $0.port.name.hasPrefix("logits.") || $0.port.name.hasPrefix("auxiliary.") }.map(\.value).flatMap {
      value in
      var names: [String] = []
      var place = producer(of: value)
      while let index = place {
        let node = nodes[index]
        let parameters = node.layer.parameters(node.inputs.map(channels(of:)))
        if !parameters.isEmpty { names.append(node.name) }
        if parameters.contains(where: { $0.shape.count > 1 }) { break }
        place = node.inputs.first.flatMap(producer(of:))
      }
      return names
    }
  }
}
