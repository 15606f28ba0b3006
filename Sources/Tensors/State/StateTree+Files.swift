/// State as tensors of files, by the leaves' paths.
extension StateTree {
  /// The numbers of all leaves in canonical order; those that are what their absence means are left out.
  /// - Throws: `LongtailError` from the conversion.
  public func tensors() throws -> [StoredTensor] {
    try leaves.compactMap { leaf in
      let values = try leaf.values()
      return leaf.absent == values ? nil : StoredTensor(name: leaf.path, shape: leaf.shape ?? [values.count], values: values)
    }
  }

  /// Takes over the numbers of files. Everything is looked at before one number is written.
  /// - Parameters:
  ///   - tensors: named by the leaves' paths.
  ///   - source: what messages call them: `the checkpoint`.
  /// - Throws: `LongtailError` with code `badData` that names what is missing, not expected, or of another shape or kind; nothing is
  ///   changed then.
  public func restore(_ tensors: [StoredTensor], source: String, advice: String) throws {
    var given = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var (missing, wrong) = ([String](), [String]())
    var found: [(leaf: StateLeaf, values: TensorValues)] = []
    for leaf in leaves {
      guard let values = given[leaf.path]?.values ?? leaf.absent else {
        missing.append(leaf.path)
        continue
      }
      if let tensor = given.removeValue(forKey: leaf.path), let difference = leaf.difference(from: tensor) { wrong.append(difference) }
      found.append((leaf, values))
    }
    let unexpected = tensors.map(\.name).filter { given[$0] != nil }
    var faults: [String] = []
    if !missing.isEmpty { faults.append("missing \(Self.list(missing))") }
    if !unexpected.isEmpty { faults.append("unexpected \(Self.list(unexpected))") }
    if !wrong.isEmpty { faults.append(Self.list(wrong, limit: 8)) }
    guard faults.isEmpty else {
      throw LongtailError(
        .badData, "\(source) does not belong to this network and configuration: \(faults.joined(separator: "; "))", advice: advice)
    }
    for (leaf, values) in found { try leaf.set(values) }
  }

  private static func list(_ names: [String], limit: Int = 3) -> String {
    names.prefix(limit).joined(separator: ", ") + (names.count > limit ? " and \(names.count - limit) more" : "")
  }
}

extension StateLeaf {
  /// How a tensor differs from what the leaf takes, in words; nil where it fits.
  fileprivate func difference(from tensor: StoredTensor) -> String? {
    let isWhole = elementType == .int64
    guard (tensor.values.integers != nil) == isWhole else {
      return "\(path) holds \(tensor.values.elementType.rawValue), expected \(elementType.rawValue)"
    }
    let expected = shape.map { "\($0)" } ?? "a row"
    guard shape.map({ $0 == tensor.shape }) ?? (tensor.shape.count == 1), tensor.values.count == tensor.shape.reduce(1, *) else {
      return "\(path) has shape \(tensor.shape), expected \(expected)"
    }
    return nil
  }
}
