import ArgumentParser
import Checkpoints
import Collectives
import Foundation
import Reports
import Tensors

/// `longtail verify`: whether every byte of every checkpoint is the one that was written.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Checks checkpoints: complete, every file of its size and SHA-256; names damaged files and tensors.",
    discussion: """
      Takes run directories, their checkpoints directories, and single checkpoints. Reads everything once and changes nothing; a run may go \
      on meanwhile.

      Exits with 0 if all checkpoints are valid, with 74 if one is damaged, with 78 if the only trouble is that a later build wrote one, with \
      66 if there is none to check. A damaged checkpoint does no harm to its run: --resume takes the newest valid one.
      """)

  @Argument(help: "Run directories or checkpoints.", completion: .directory)
  var paths: [String]

  @Flag(help: "Prints one JSON object instead of lines.")
  var json = false

  func run() throws {
    Job.finish { communicator in
      try communicator.requireOneProcess(for: "verify")
      let reports = try paths.map { try VerificationReport(path: $0) }
      if json {
        printNow(JSONValue.object([.init("paths", .array(reports.map(\.json)))]).pretty)
      } else {
        for report in reports { printNow(report.text(for: Terminal.detect(descriptor: 1))) }
      }
      return exitCode(reports.flatMap(\.examinations))
    }
  }

  private func exitCode(_ examinations: [CheckpointStore.Examination]) -> Int32 {
    if examinations.isEmpty { return LongtailError.Code.missingInput.rawValue }
    let bad = examinations.filter { !$0.isValid }
    if bad.isEmpty { return 0 }
    return (bad.allSatisfy(\.isOfNewerFormat) ? LongtailError.Code.mismatch : .inputOutput).rawValue
  }
}

/// What `verify` found at one path.
struct VerificationReport {
  let path: String
  /// Newest first.
  let examinations: [CheckpointStore.Examination]
  /// What killed writers left.
  let leftovers: [String]

  init(path: String) throws {
    self.path = path
    switch try CheckpointLocation(path) {
    case .checkpoint(let directory):
      examinations = [try CheckpointStore.examine(directory: directory)]
      leftovers = []
    case .store(let store):
      examinations = try store.examineAll()
      leftovers = try store.leftovers()
    }
  }

  /// The newest one that a resumed run would take.
  private var newestValid: CheckpointStore.Examination? { examinations.first(where: \.isValid) }

  func text(for terminal: Terminal) -> String {
    var lines = [terminal.styled(path, .bold)]
    for examination in examinations {
      let name = URL(fileURLWithPath: examination.path).lastPathComponent
      if examination.isValid {
        lines.append(
          "  \(name)  valid: \(Formatting.plural(examination.manifest?.files.count ?? 0, "file")) with "
            + "\(Formatting.plural(examination.manifest?.tensors.values.reduce(0) { $0 + $1.count } ?? 0, "tensor")), "
            + Formatting.bytes(examination.byteCount))
      } else {
        let word = examination.isOfNewerFormat ? "not readable by this build" : "damaged"
        lines.append("  \(name)  \(terminal.styled(word, .failure)):")
        lines += examination.damages.map { "    \($0)" }
      }
    }
    if !leftovers.isEmpty {
      lines.append("  left behind by a writer that was killed: \(leftovers.joined(separator: ", ")); the run puts it away when it goes on")
    }
    lines.append("  \(verdict)")
    return lines.joined(separator: "\n") + "\n"
  }

  private var verdict: String {
    if examinations.isEmpty { return "there is no checkpoint" }
    let bad = examinations.count { !$0.isValid }
    if bad == 0 { return examinations.count == 1 ? "valid" : "all \(examinations.count) are valid" }
    guard let newestValid else { return examinations.count == 1 ? "not valid" : "none of \(examinations.count) is valid" }
    return "\(bad) of \(examinations.count) \(bad == 1 ? "is" : "are") not valid; --resume takes step \(newestValid.step ?? 0)"
  }

  var json: JSONValue {
    .members([
      "path": .string(path), "isValid": .bool(!examinations.isEmpty && examinations.allSatisfy(\.isValid)),
      "newestValidStep": newestValid?.step.map(JSONValue.int) ?? .null,
      "checkpoints": .array(examinations.map(Self.json)), "leftovers": .array(leftovers.map(JSONValue.string)),
    ])
  }

  private static func json(_ examination: CheckpointStore.Examination) -> JSONValue {
    .members([
      "path": .string(examination.path), "step": examination.step.map(JSONValue.int) ?? .null, "isValid": .bool(examination.isValid),
      "isOfNewerFormat": .bool(examination.isOfNewerFormat), "bytes": .int(examination.byteCount),
      "digest": examination.manifest.map { .string($0.digest) } ?? .null,
      "damages": .array(
        examination.damages.map { damage in
          .members([
            "file": .string(damage.file), "tensor": damage.tensor.map(JSONValue.string) ?? .null, "reason": .string(damage.reason),
          ])
        }),
    ])
  }
}
