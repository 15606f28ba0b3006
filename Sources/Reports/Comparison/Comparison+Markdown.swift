extension Comparison {
  /// The page `report.md`.
  package var markdown: String {
    var lines = ["# \(title)", "", OwnFile.markdownMark, ""]
    lines += explanation.flatMap { [$0, ""] }
    if !notes.isEmpty { lines += notes.map { "- **\($0)**" } + [""] }
    lines += summaryTable.markdownLines
    if let differences = differenceTable {
      lines += ["", "## \(differenceHeading)", ""] + differences.markdownLines
    }
    lines += ["", "## \(classHeading)\(task.mainOfClasses?.unit == .share ? ", in per cent" : "")", ""] + classTable.markdownLines
    lines += ["", "## Learning curves", "", "Means over the runs that have a value there.", ""] + curveTable.markdownLines
    lines += ["", "## Runs", ""] + runTable.markdownLines
    for candidate in candidates where !candidate.finished.isEmpty {
      lines += ["", "## The tail with \(candidate.name)", ""] + diagnosisTable(of: candidate).markdownLines
      let findings = diagnosis(of: candidate)
      if let findings, !findings.isEmpty { lines += ["", "Worth a look, with the likely causes:", ""] + findings.markdownLines }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
