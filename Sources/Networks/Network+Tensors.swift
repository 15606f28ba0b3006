import Kernels
import Tensors

/// Conversion between the engine's flat buffers and tensors as files hold them.
extension Network {
  /// The names and shapes of all parameters, in the order of the graph.
  public var parameterNames: [(name: String, shape: [Int])] {
    layout.ordered.reversed().map { ($0.name, $0.specification.shape) }
  }

  /// Converts a flat buffer (parameters, gradients, an optimizer's moments) to row-major tensors, O,I,H,W.
  /// - Throws: `LongtailError` when the buffer has another size.
  public func canonicalTensors(of flat: HostBuffer) throws -> [NamedTensor] {
    try check(flat)
    return try layout.ordered.reversed().map { entry in
      NamedTensor(name: entry.name, shape: entry.specification.shape, values: try canonicalValues(of: entry, in: flat))
    }
  }

  /// - Parameter origin: the float of the parameters' layout that the buffer begins with.
  func canonicalValues(of entry: ParameterLayout.Entry, in flat: HostBuffer, from origin: Int = 0) throws -> [Float] {
    let plain = try plainLayout(entry)
    let staging = HostBuffer(byteCount: plain.byteCount)
    try ReorderKernels.convert(
      from: flat, byteOffset: (entry.offset - origin) * MemoryLayout<Float>.stride, entry.layout, to: staging, byteOffset: 0, plain)
    return staging.withFloats { Array($0) }
  }

  /// Fills a flat buffer from row-major tensors.
  /// - Throws: `LongtailError` naming tensors that are missing, unexpected or of another shape; nothing is changed then.
  public func load(_ tensors: [NamedTensor], into flat: HostBuffer) throws {
    try check(flat)
    let given = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let missing = layout.ordered.map(\.name).filter { given[$0] == nil }
    let unexpected = given.keys.filter { layout.entry($0) == nil }.sorted()
    guard missing.isEmpty, unexpected.isEmpty else {
      throw LongtailError(
        .badData,
        "the tensors do not belong to this network: missing \(list(missing)), unexpected \(list(unexpected))",
        advice: "Check the model's name, width and number of classes in the configuration.")
    }
    for entry in layout.ordered {
      guard let tensor = given[entry.name] else { continue }
      guard tensor.shape == entry.specification.shape, tensor.values.count == entry.layout.elementCount else {
        throw LongtailError(
          .badData, "tensor \(entry.name) has shape \(tensor.shape), the network needs \(entry.specification.shape)",
          advice: "Check the model's width and number of classes in the configuration.")
      }
    }
    for entry in layout.ordered {
      guard let tensor = given[entry.name] else { continue }
      try write(tensor.values, to: entry, in: flat)
    }
  }

  /// Takes over those parameters and statistics that are given; names and shapes have been checked.
  func loadPresent(_ tensors: [NamedTensor]) throws {
    let given = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for entry in layout.ordered {
      if let tensor = given[entry.name] { try write(tensor.values, to: entry, in: parameters) }
    }
    parameterSet.statistics.withFloats { floats in
      for statistic in layout.statistics {
        for (i, value) in (given[statistic.name]?.values ?? []).enumerated() { floats[statistic.offset + i] = value }
      }
    }
  }

  /// Running means and variances, as `….running_mean` and `….running_var`.
  public var runningStatistics: [NamedTensor] {
    parameterSet.statistics.withFloats { floats in
      layout.statistics.map { statistic in
        NamedTensor(
          name: statistic.name, shape: [statistic.specification.count],
          values: Array(floats[statistic.offset..<(statistic.offset + statistic.specification.count)]))
      }
    }
  }

  /// Sets running means and variances.
  /// - Throws: `LongtailError` naming one that is missing or has another size.
  public func loadRunningStatistics(_ tensors: [NamedTensor]) throws {
    let given = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for statistic in layout.statistics {
      guard let tensor = given[statistic.name], tensor.values.count == statistic.specification.count else {
        throw LongtailError(.badData, "statistic \(statistic.name) is missing or not of \(statistic.specification.count) numbers")
      }
    }
    parameterSet.statistics.withFloats { floats in
      for statistic in layout.statistics {
        guard let tensor = given[statistic.name] else { continue }
        for (i, value) in tensor.values.enumerated() { floats[statistic.offset + i] = value }
      }
    }
  }

  /// Gives each parameter its first values: a function of the seed and of the parameter's place among the names.
  func initialize(seed: UInt64) throws {
    for (index, entry) in layout.ordered.reversed().enumerated() {
      var values = [Float](repeating: 0, count: entry.layout.elementCount)
      switch entry.specification.initialization {
      case .constant(let value):
        values = [Float](repeating: value, count: values.count)
      case .uniformByFanIn(let fanIn):
        let bound = 1 / Double(max(1, fanIn)).squareRoot()
        let random = CounterRandom(seed: seed, purpose: .initialization, sample: index)
        for i in values.indices { values[i] = Float(random.uniform(i, in: -bound...bound)) }
      case .uniform(let bound):
        let random = CounterRandom(seed: seed, purpose: .initialization, sample: index)
        for i in values.indices { values[i] = Float(random.uniform(i, in: -Double(bound)...Double(bound))) }
      case .normal(let deviation):
        let random = CounterRandom(seed: seed, purpose: .initialization, sample: index)
        for i in values.indices { values[i] = Float(Double(deviation) * random.normal(i)) }
      case .normalByFanOut(let fan), .normalByFanIn(let fan):
        let deviation = (2 / Double(max(1, fan))).squareRoot()
        let random = CounterRandom(seed: seed, purpose: .initialization, sample: index)
        for i in values.indices { values[i] = Float(deviation * random.normal(i)) }
      case .unitRows(let count):
        let random = CounterRandom(seed: seed, purpose: .initialization, sample: index)
        for start in stride(from: 0, to: values.count, by: max(1, count)) {
          let row = (start..<min(values.count, start + count)).map { random.uniform($0, in: -1...1) }
          let length = max(row.reduce(0) { $0 + $1 * $1 }.squareRoot(), .leastNormalMagnitude)
          for (i, value) in row.enumerated() { values[start + i] = Float(value / length) }
        }
      }
      try write(values, to: entry, in: parameters)
    }
  }

  /// - Parameter origin: the float of the parameters' layout that the buffer begins with.
  func write(_ values: [Float], to entry: ParameterLayout.Entry, in flat: HostBuffer, from origin: Int = 0) throws {
    let plain = try plainLayout(entry)
    let staging = HostBuffer(byteCount: plain.byteCount)
    staging.withFloats { floats in for (i, value) in values.enumerated() { floats[i] = value } }
    try ReorderKernels.convert(
      from: staging, byteOffset: 0, plain, to: flat, byteOffset: (entry.offset - origin) * MemoryLayout<Float>.stride, entry.layout)
  }

  private func plainLayout(_ entry: ParameterLayout.Entry) throws -> TensorLayout {
    let extents = entry.specification.kernelExtents
    return entry.specification.isTransposed ? try .plainTransposed(extents) : try .plain(extents)
  }

  private func check(_ flat: HostBuffer) throws {
    guard flat.floatCount >= layout.floatCount else {
      throw LongtailError(.internalError, "a flat buffer has \(flat.floatCount) floats, the network \(layout.floatCount)")
    }
  }

  private func list(_ names: [String]) -> String {
    names.isEmpty ? "none" : names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
  }
}

extension Network {
  /// The weights of the layer that computes the logits, C x F row-major, where that layer is linear or a 1x1 convolution; nil elsewhere.
  ///
  /// Statistics at the classifier's input need them. Cost: one conversion of C F numbers.
  public func classifierWeights() throws -> (weights: [Float], classes: Int, features: Int)? {
    guard let node = try graph.linearLayer(at: .logits), let entry = layout.entry("\(node.name).weight") else { return nil }
    return (try canonicalValues(of: entry, in: parameters), entry.specification.shape[0], entry.specification.shape[1])
  }
}
