import Tensors

extension Graph {
  /// The names of all parameters, in the order of the graph: `down.0.0.weight`.
  package var parameterNames: [String] {
    nodes.flatMap { node in node.layer.parameters(node.inputs.map(channels(of:))).map { "\(node.name).\($0.name)" } }
  }
}

extension TrainedParameters {
  /// The parameters of a network whose names match any of some patterns; all of them where there are no patterns.
  ///
  /// In a pattern `*` stands for any letters, none and dots included: `classifier.*`.
  /// - Parameter place: where the patterns were written, such as `model.trained`.
  /// - Throws: `LongtailError` with code `usage` for a pattern that matches nothing.
  package init(matching patterns: [String], of graph: Graph, at place: String) throws {
    guard !patterns.isEmpty else {
      self = .all
      return
    }
    let names = graph.allParameterNames
    var found = Set<String>()
    for pattern in patterns {
      let matching = names.filter { NamePattern(pattern).matches($0) }
      guard !matching.isEmpty else {
        throw LongtailError(
          .usage, "\(place): no parameter of the network is called '\(pattern)'",
          advice: "Its layers are \(TrainedParameters.layers(names).joined(separator: ", ")); * stands for any part of a name.")
      }
      found.formUnion(matching)
    }
    self = found.count == names.count ? .all : .only(found)
  }

  /// The first parts of names, each once.
  private static func layers(_ names: [String]) -> [String] {
    var seen = Set<String>()
    return names.compactMap { $0.split(separator: ".").first.map(String.init) }.filter { seen.insert($0).inserted }
  }
}

/// A name in which `*` stands for any letters, none included.
package struct NamePattern: Sendable {
  private let parts: [Substring]

  /// Takes a pattern apart.
  package init(_ text: String) { parts = text.split(separator: "*", omittingEmptySubsequences: false) }

  /// Whether a name is as the pattern says.
  package func matches(_ name: String) -> Bool {
    guard let first = parts.first, let last = parts.last, name.hasPrefix(first) else { return false }
    guard parts.count > 1 else { return name == first }
    var rest = name.dropFirst(first.count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let found = NamePattern.range(of: part, in: rest) else { return false }
      rest = rest[found.upperBound...]
    }
    return rest.hasSuffix(last)
  }

  private static func range(of part: Substring, in text: Substring) -> Range<String.Index>? {
    var start = text.startIndex
    while start < text.endIndex {
      if text[start...].hasPrefix(part) { return start..<text.index(start, offsetBy: part.count) }
      start = text.index(after: start)
    }
    return nil
  }
}
