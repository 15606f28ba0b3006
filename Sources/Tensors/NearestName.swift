/// Finds the name that somebody probably meant, for messages such as "did you mean ...?".
public enum NearestName {
  /// The name among `names` closest to `word`, or nil when none is close.
  ///
  /// Case, `_` and `-` do not count. Close means: at most one edit in three letters (one always), or one is the beginning of the other.
  /// Of equally close names the first one wins. Cost: product of the lengths for each name.
  public static func nearest(to word: String, among names: some Sequence<String>) -> String? {
    let wanted = letters(of: word)
    guard !wanted.isEmpty else { return nil }
    var best: (name: String, distance: Int)?
    for name in names {
      let candidate = letters(of: name)
      var distance = editDistance(wanted, candidate)
      let shorter = min(wanted.count, candidate.count)
      if shorter >= 3, wanted.starts(with: candidate) || candidate.starts(with: wanted) { distance = min(distance, 1) }
      let allowed = max(1, max(wanted.count, candidate.count) / 3)
      if distance <= allowed, distance < max(wanted.count, candidate.count), distance < best?.distance ?? .max {
        best = (name, distance)
      }
    }
    return best?.name
  }

  /// The number of insertions, deletions, replacements and swaps of neighbours that turn one sequence into the other
  /// (optimal string alignment).
  public static func editDistance(_ first: [Character], _ second: [Character]) -> Int {
    var beforePrevious = [Int](repeating: 0, count: second.count + 1)
    var previous = Array(0...second.count)
    for row in first.indices {
      var current = [row + 1]
      current.reserveCapacity(second.count + 1)
      for column in second.indices {
        let replacement = previous[column] + (first[row] == second[column] ? 0 : 1)
        var least = min(replacement, previous[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
          least = min(least, beforePrevious[column - 1] + 1)
        }
        current.append(least)
      }
      (beforePrevious, previous) = (previous, current)
    }
    return previous[second.count]
  }

  private static func letters(of word: String) -> [Character] {
    word.lowercased().filter { $0 != "_" && $0 != "-" }
  }
}
