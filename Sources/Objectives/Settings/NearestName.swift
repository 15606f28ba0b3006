/// Finds what someone probably meant.
enum NearestName {
  /// The candidate with the fewest insertions, deletions and replacements of letters, upper and lower case alike; nil if there is none.
  static func of(_ name: String, among candidates: [String]) -> String? {
    candidates.min { distance(name, $0) < distance(name, $1) }
  }

  /// `"; did you mean 'x'?"`, or nothing.
  static func hint(_ name: String, among candidates: [String]) -> String? {
    of(name, among: candidates).map { "Did you mean '\($0)'? Known: \(candidates.joined(separator: ", "))." }
  }

  private static func distance(_ left: String, _ right: String) -> Int {
    let a = Array(left.lowercased())
    let b = Array(right.lowercased())
    var previous = Array(0...b.count)
    for (i, letter) in a.enumerated() {
      var current = [i + 1]
      for (j, other) in b.enumerated() {
        current.append(min(previous[j] + (letter == other ? 0 : 1), previous[j + 1] + 1, current[j] + 1))
      }
      previous = current
    }
    return previous[b.count]
  }
}
