extension Comparison {
  /// The page `report.csv`: a line for each run, and for each candidate one with means and one with standard deviations.
  ///
  /// The column `fold` is there where runs have folds. Shares are from 0 to 1, in the shortest form that reads back exactly. What is not
  /// known is empty. Lines end as RFC 4180 has it for files, cells with commas, quotes or line ends are quoted. Times come last: they alone
  /// differ between equal runs.
  package var csv: String {
    let classes = classNames.indices.compactMap { metric(ofClass: $0) }
    let columns: [ComparedMetric] = Array(metrics.dropLast()) + classes + Array(metrics.suffix(1))
    let hasFolds = hasFolds
    func place(_ fold: String, _ seed: String) -> [String] { hasFolds ? [fold, seed] : [seed] }
    var lines = [["row", "name", "objective"] + place("fold", "seed") + ["runs", "finished", "step"] + columns.map(\.key)]
    func cell(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
    for candidate in candidates {
      for entry in candidate.all {
        lines.append(
          ["run", candidate.name, candidate.objective] + place(entry.fold.map { "\($0)" } ?? "", "\(entry.seed)")
            + ["1", "\(entry.isFinished)", "\(entry.results.last?.step ?? 0)"]
            + columns.map { cell($0.value(entry)) })
      }
      let statistics = columns.map { candidate.statistics($0) }
      let count = "\(candidate.finished.count)"
      func summary(_ row: String) -> [String] { [row, candidate.name, candidate.objective] + place("", "") + [count, "", ""] }
      lines.append(summary("mean") + statistics.map { cell($0.mean) })
      lines.append(summary("standardDeviation") + statistics.map { cell($0.standardDeviation) })
    }
    return lines.map { $0.map(Comparison.quoted).joined(separator: ",") + "\r\n" }.joined()
  }

  /// A cell as RFC 4180 has it.
  static func quoted(_ cell: String) -> String {
    guard cell.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return cell }
    return "\"" + cell.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
}
