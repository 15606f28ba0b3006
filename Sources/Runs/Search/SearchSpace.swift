import Tensors

/// The configurations that a search may try: some keys, each with the values that it may have.
///
/// Values are texts in YAML, as overrides of a configuration have them; whether a key takes them is found out where they are laid over one.
package struct SearchSpace: Sendable, Equatable {
  /// One of the configurations.
  package struct Candidate: Sendable, Equatable {
    /// Its name, a function of keys and values alone: a search that is widened finds what it has trained already.
    package let name: String
    /// A value for each key.
    package let values: [String]
    /// The overrides, `key=value`.
    package let overrides: [String]
  }

  /// The keys with their values.
  package let dimensions: [SearchDimension]

  /// Creates a search space.
  /// - Throws: `LongtailError(.usage)` without a key, and for keys of which one is another or holds it.
  package init(_ dimensions: [SearchDimension]) throws {
    guard !dimensions.isEmpty else {
      throw LongtailError(.usage, "there is nothing to search", advice: "Name a key: --search optimizer.learningRate=0.001,0.003.")
    }
    for (place, one) in dimensions.enumerated() {
      for other in dimensions[..<place] where one.key == other.key || one.holds(other) || other.holds(one) {
        throw LongtailError(
          .usage, "--search \(one.key) and --search \(other.key) decide the same key", advice: "Name each key once, with all its values.")
      }
    }
    self.dimensions = dimensions
  }

  /// Reads the keys, each as ``SearchDimension`` has it.
  package init(parsing texts: [String]) throws { try self.init(texts.map { try SearchDimension(parsing: $0) }) }

  /// Every combination of values, the last key's changing fastest.
  /// - Throws: `LongtailError(.usage)` where a key has a range, or where there are more than 10,000.
  package func grid() throws -> [Candidate] {
    var combinations: [[String]] = [[]]
    for dimension in dimensions {
      guard case .values(let values) = dimension.domain else {
        throw LongtailError(
          .usage, "--search \(dimension.key) is a range, of which there is no grid", advice: "Draw from it: --samples 20; or list values.")
      }
      guard combinations.count * values.count <= SearchSpace.largestGrid else {
        throw LongtailError(
          .usage, "the grid has more than \(SearchSpace.largestGrid) combinations", advice: "List fewer values, or draw some: --samples 20."
        )
      }
      combinations = combinations.flatMap { head in values.map { head + [$0] } }
    }
    return try combinations.map(candidate)
  }

  /// Random configurations, all different: candidate i is a function of the seed and i, but for repetitions, which are left out.
  /// - Throws: `LongtailError(.usage)` where there are not as many.
  package func samples(_ count: Int, seed: Int) throws -> [Candidate] {
    guard (1...SearchSpace.largestGrid).contains(count) else {
      throw LongtailError(.usage, "--samples \(count) is not from 1 to \(SearchSpace.largestGrid)")
    }
    var found: [[String]] = []
    var known: Set<[String]> = []
    // Where values are few, most draws are repetitions.
    for draw in 0..<count * 200 + 10_000 where found.count < count {
      let random = CounterRandom(seed: UInt64(bitPattern: Int64(seed)), purpose: .search, sample: draw)
      let values = dimensions.enumerated().map { place, dimension in dimension.value(at: random.uniform(place)) }
      if known.insert(values).inserted { found.append(values) }
    }
    guard found.count == count else {
      throw LongtailError(
        .usage, "--samples \(count): there are only \(found.count) different candidates", advice: "Ask for fewer, or leave --samples out.")
    }
    return try found.map(candidate)
  }

  static let largestGrid = 10_000

  private func candidate(_ values: [String]) throws -> Candidate {
    let overrides = zip(dimensions, values).map { "\($0.key)=\($1)" }
    return Candidate(name: try name(values, overrides), values: values, overrides: overrides)
  }

  /// `learningRate=0.001_exponent=2`: short names of the keys where they differ, and only what every file system takes.
  private func name(_ values: [String], _ overrides: [String]) throws -> String {
    let short = dimensions.map { $0.key.split(separator: ".").last.map(String.init) ?? $0.key }
    let parts = zip(dimensions.indices, values).map { place, value in
      let isAlone = short.filter { $0 == short[place] }.count == 1
      return "\(isAlone ? short[place] : dimensions[place].key)=\(value)"
    }
    let whole = parts.joined(separator: "_")
    let plain = String(whole.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._=+-".contains($0)) ? $0 : "-" })
    guard plain != whole || plain.count > SearchSpace.longestName else { return whole }
    let digest = try SHA256Digest(of: overrides.joined(separator: "\n")).description.prefix(8)
    return "\(plain.prefix(SearchSpace.longestName - 9))-\(digest)"
  }

  private static let longestName = 96
}
