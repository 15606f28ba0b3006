import Tensors

/// What is wrong with settings, collected so that it can be reported at once.
package final class ProblemLog {
  /// One thing that is wrong.
  package struct Problem {
    /// Where it was written.
    package let origin: Origin
    /// What is wrong.
    package let text: String
    /// What to do about this one.
    package let advice: String?
  }

  /// The problems, in the order of discovery.
  package private(set) var problems: [Problem] = []

  package init() {}

  package func add(_ origin: Origin, _ text: String, advice: String? = nil) {
    problems.append(Problem(origin: origin, text: text, advice: advice))
  }

  /// Ends the reading when there is anything to report.
  /// - Parameter advice: what to do, where a problem by itself says nothing.
  /// - Throws: one `LongtailError(.usage)` that lists every problem.
  package func throwIfAny(advice: String?) throws {
    guard let first = problems.first else { return }
    guard problems.count > 1 else {
      throw LongtailError(.usage, "\(first.origin): \(first.text)", advice: first.advice ?? advice)
    }
    let lines = problems.map { "\($0.origin): \($0.text)" + ($0.advice.map { " (\($0))" } ?? "") }
    throw LongtailError(.usage, "\(lines.count) problems:\n" + lines.joined(separator: "\n"), advice: advice)
  }
}
