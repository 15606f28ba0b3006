/// Finds what a mistyped name may have meant.
enum NearestName {
  /// The known name with the fewest single-letter changes, if they are few for its length.
  static func suggestion(for name: String, among known: [String]) -> String? {
    let ranked = known.map { (distance(name.lowercased(), $0.lowercased()), $0) }.min { $0.0 < $1.0 }
    guard let (changes, candidate) = ranked, changes <= max(2, candidate.count / 2) else { return nil }
    return candidate
  }

  /// The number of letters to insert, delete or replace (Levenshtein).
  static func distance(_ left: String, _ right: String) -> Int {
    let left = Array(left)
    let right = Array(right)
    var row = Array(0...right.count)
    for (i, letter) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for j in right.indices {
        let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (letter == right[j] ? 0 : 1))
        diagonal = row[j + 1]
        row[j + 1] = next
      }
    }
    return row[right.count]
  }
}
