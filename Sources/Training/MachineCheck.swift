import Foundation
import Tensors

/// One thing that was looked at before a run, what was found, and what to do about it.
package struct MachineCheck: Sendable, Equatable {
  /// How it stands.
  package enum Status: String, Sendable, CaseIterable, Comparable {
    /// As it should be.
    case ok
    /// Runs work, but slower than they could, or with less than one may expect.
    case warning
    /// A run would fail.
    case problem

    /// Orders by severity.
    package static func < (left: Status, right: Status) -> Bool { left.severity < right.severity }
    private var severity: Int { Status.allCases.firstIndex(of: self) ?? 0 }
  }

  /// What was looked at.
  package var name: String
  /// How it stands.
  package var status: Status
  /// What was found.
  package var detail: String
  /// What to do about it.
  package var advice: String?

  /// Records a finding.
  package init(_ name: String, _ status: Status, _ detail: String, advice: String? = nil) {
    (self.name, self.status, self.detail, self.advice) = (name, status, detail, advice)
  }

  /// Records an error as a problem, with its own advice.
  package init(_ name: String, error: any Error) {
    let known = error as? LongtailError
    self.init(name, .problem, known?.message ?? String(describing: error), advice: known?.advice)
  }

  /// The worst of several; ok where there are none.
  package static func worst(_ checks: [MachineCheck]) -> Status { checks.map(\.status).max() ?? .ok }
}

/// The system's files below `/`, or below another directory that pretends to be it.
package struct SystemFiles: Sendable {
  /// The directory that `proc` and `sys` are looked for in.
  package var root: String

  /// Reads below a directory.
  package init(root: String = "/") { self.root = root.hasSuffix("/") ? root : root + "/" }

  /// A file's text without blanks around it; nil where there is none.
  func text(_ path: String) -> String? {
    (try? String(contentsOfFile: root + path, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// The directories of this process's control group and of those that it lies in: a limit of each holds for all below it.
  var controlGroups: [String] {
    let line = (text("proc/self/cgroup") ?? "").split(separator: "\n").first { $0.hasPrefix("0::") }
    var group = line.map { String($0.dropFirst(3)) } ?? "/"
    var groups: [String] = []
    while group != "/", let slash = group.lastIndex(of: "/") {
      groups.append("sys/fs/cgroup\(group)")
      group = slash == group.startIndex ? "/" : String(group[..<slash])
    }
    return groups + ["sys/fs/cgroup"]
  }
}
