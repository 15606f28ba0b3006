import Reports
import Training

/// What `longtail doctor` found, as text and as JSON.
package struct MachineCheckReport: Sendable {
  /// In the order in which they were made.
  package var checks: [MachineCheck]

  /// Collects findings.
  package init(_ checks: [MachineCheck]) { self.checks = checks }

  /// The worst status.
  package var status: MachineCheck.Status { MachineCheck.worst(checks) }

  /// A line for each finding, the advice below it, and a line that sums up.
  package func text(for terminal: Terminal) -> String {
    let nameWidth = checks.map(\.name.count).max() ?? 0
    let statusWidth = MachineCheck.Status.allCases.map(\.rawValue.count).max() ?? 0
    func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
    var lines: [String] = []
    for check in checks {
      let word = padded(check.status.rawValue, statusWidth)
      let styled: String =
        switch check.status {
        case .ok: word
        case .warning: terminal.styled(word, .warning)
        case .problem: terminal.styled(word, .failure)
        }
      let indent = "\n" + String(repeating: " ", count: statusWidth + 2)
      lines.append("\(styled)  \(padded(check.name, nameWidth))  " + check.detail.split(separator: "\n").joined(separator: indent))
      if let advice = check.advice {
        lines.append(String(indent.dropFirst()) + advice.split(separator: "\n").joined(separator: indent))
      }
    }
    let counts = MachineCheck.Status.allCases.map { status in checks.count { $0.status == status } }
    lines.append("")
    lines.append("\(counts[0]) ok, \(Formatting.plural(counts[1], "warning")), \(Formatting.plural(counts[2], "problem"))")
    return lines.joined(separator: "\n") + "\n"
  }

  /// `{"status": ..., "checks": [{"name", "status", "detail", "advice"}]}`.
  package var json: JSONValue {
    .members([
      "status": .string(status.rawValue),
      "checks": .array(
        checks.map {
          .members([
            "name": .string($0.name), "status": .string($0.status.rawValue), "detail": .string($0.detail),
            "advice": $0.advice.map(JSONValue.string) ?? .null,
          ])
        }),
    ])
  }
}
