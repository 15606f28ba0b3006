/// The candidate that a misspelled name most likely stands for, or nil if none is close.
///
/// Distance: insertions, deletions, substitutions and swaps of neighbours (optimal string alignment), letter case, `-` and `_` aside.
/// Close means at most a third of the longer name's length, and at least one edit; a name that begins another one (of three letters or
/// more) is close too. Of equally close ones the first is taken.
/// - Parameters:
///   - name: what was written.
///   - candidates: what would have been understood.
public func nearest(_ name: String, among candidates: [String]) -> String? {
  let wanted = foldedForComparison(name)
  var best: (distance: Int, candidate: String)?
  for candidate in candidates {
    let known = foldedForComparison(candidate)
    var distance = editDistance(wanted, known)
    let limit = max(1, max(wanted.count, known.count) / 3)
    if distance > limit {
      guard wanted.count >= 3, known.starts(with: wanted) || (known.count >= 3 && wanted.starts(with: known)) else { continue }
      distance = limit
    }
    if best.map({ distance < $0.distance }) ?? true { best = (distance, candidate) }
  }
  return best?.candidate
}

extension LongtailError {
  /// A name that is not known, with the nearest known one and the whole list.
  /// - Parameters:
  ///   - kind: what is named, such as "optimizer".
  ///   - name: what was written.
  ///   - known: all names.
  ///   - place: where it was written, such as `train.yaml: optimizer.name`.
  ///   - code: `usage` by default.
  public static func unknownName(
    _ kind: String, _ name: String, known: [String], at place: String? = nil, code: Code = .usage
  ) -> LongtailError {
    let message = "\(place.map { "\($0): " } ?? "")unknown \(kind) '\(name)'"
    let suggestion = nearest(name, among: known).map { "Did you mean '\($0)'? " } ?? ""
    return LongtailError(code, message, advice: "\(suggestion)Known: \(known.joined(separator: ", ")).")
  }
}

private func foldedForComparison(_ name: String) -> [Character] {
  name.lowercased().filter { $0 != "-" && $0 != "_" }.map { $0 }
}

private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
  var beforeLast = [Int](repeating: 0, count: b.count + 1)
  var last = Array(0...b.count)
  var current = last
  for i in 1...a.count {
    current[0] = i
    for j in 1...b.count {
      var cost = min(last[j] + 1, current[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
      if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { cost = min(cost, beforeLast[j - 2] + 1) }
      current[j] = cost
    }
    (beforeLast, last, current) = (last, current, beforeLast)
  }
  return last[b.count]
}

/// `Did you mean 'x'? Known: a, b, x.`, or only what is known where nothing is near.
public func nearestHint(_ name: String, among known: [String]) -> String {
  let list = "Known: \(known.joined(separator: ", "))."
  return nearest(name, among: known).map { "Did you mean '\($0)'? \(list)" } ?? list
}
