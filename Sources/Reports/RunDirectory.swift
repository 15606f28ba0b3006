import Foundation
import Tensors

/// The directory of a run, and who may write into it. Only rank zero makes one.
///
///     config.yaml         every setting, with comments
///     environment.json    hosts, versions, threads, variables
///     classes.json        task with its scores; classes with group, training counts and colour
///     log.jsonl           a line for each step
///     classes.jsonl       a line for each evaluation
///     diary.jsonl         what the classes' diary had added up at checkpoints between evaluations
///     best.json           the best value of each watched score, and its step
///     final-table.md      the last evaluation as a table
///     evaluation.json     confusions and score of each image of the last evaluation
///     report.html         everything about the run on one page
///     pictures/           panels of the evaluations
///     examples/           the best and the worst images of the last evaluation
///     tensorboard/        event files, where they are asked for
///     checkpoints/        see the checkpoint store
///
/// Whole files are replaced in one step, so that readers never see a part.
package final class RunDirectory {
  /// The directory.
  package let path: String
  /// What was said about a lock that an earlier process had left behind; nil when there was none.
  package var takeover: String? { lock.takeover }
  private let lock: RunLock

  /// Makes a directory for a new run, parents included, and locks it.
  /// - Throws: `LongtailError(.usage)` when it holds a run already, `.mismatch` when another trainer is at work in it, `.inputOutput`.
  package static func create(at path: String) throws -> RunDirectory {
    try makeDirectory(path)
    // A configuration is refused below, with another advice.
    try requireNoForeignFiles(in: path, besides: "config.yaml")
    let directory = try RunDirectory(locking: path)
    if let trace = directory.traceOfARun {
      throw LongtailError(
        .usage, "\(path): holds a run already (\(trace))",
        advice: "Resume it, give this run another `output`, or move the directory away.")
    }
    try makeDirectory(directory.file("pictures"))
    return directory
  }

  /// Locks the directory of a run that is to go on.
  /// - Throws: `LongtailError(.missingInput)` when there is none, `.mismatch` when another trainer is at work in it, `.inputOutput`.
  package static func reopen(at path: String) throws -> RunDirectory {
    guard FileManager.default.fileExists(atPath: "\(path)/config.yaml") else {
      throw LongtailError(
        .missingInput, "\(path): there is no run to resume (no config.yaml in it)", advice: "Name the directory of a run.")
    }
    let directory = try RunDirectory(locking: path)
    try makeDirectory(directory.file("pictures"))
    return directory
  }

  /// Makes a directory or locks that of a run, whichever it is: for a run that goes on where there is one, and for one that replaces it.
  /// - Throws: `LongtailError(.mismatch)` when another trainer is at work in it, `.inputOutput`.
  package static func open(at path: String) throws -> RunDirectory {
    try makeDirectory(path)
    try requireNoForeignFiles(in: path)
    let directory = try RunDirectory(locking: path)
    try makeDirectory(directory.file("pictures"))
    return directory
  }

  private init(locking path: String) throws {
    self.path = path
    lock = try RunLock(directory: path)
  }

  /// Gives the directory free for others.
  package func close() { lock.release() }

  /// The path of a file in the directory.
  package func file(_ name: String) -> String { "\(path)/\(name)" }

  /// The file of steps.
  package var logPath: String { file("log.jsonl") }
  /// The file of evaluations.
  package var classLogPath: String { file("classes.jsonl") }
  /// The file of what the classes' diary has added up at checkpoints between two evaluations.
  package var diaryPath: String { file("diary.jsonl") }
  /// The directory of checkpoints. Its making is left to the store.
  package var checkpointsPath: String { file("checkpoints") }
  /// The picture of the evaluation after a step: `pictures/step-000120.png`.
  package func picturePath(step: Int) -> String { file("pictures/\(RunDirectory.stepName(step)).png") }

  /// Writes or removes `STOPPED`, which says that the run ended on request with a complete checkpoint.
  ///
  /// Open MPI hides the exit code of ranks that end because mpirun got SIGTERM; scripts can look for this file.
  /// - Throws: `LongtailError(.inputOutput)`.
  package func markStopped(_ text: String?) throws {
    if let text { return try write(text + "\n", to: "STOPPED") }
    guard FileManager.default.fileExists(atPath: file("STOPPED")) else { return }
    do {
      try FileManager.default.removeItem(atPath: file("STOPPED"))
    } catch {
      throw LongtailError(.inputOutput, "cannot remove \(file("STOPPED")): \(error.localizedDescription)")
    }
  }

  /// Writes `config.yaml`.
  /// - Throws: `LongtailError(.inputOutput)`.
  package func writeConfiguration(_ yaml: String) throws { try write(yaml, to: "config.yaml") }

  /// Writes `environment.json`. That of an earlier start of the run is kept as `environment-until-<time>.json`.
  /// - Throws: `LongtailError(.inputOutput)`.
  package func writeEnvironment(_ environment: RunEnvironment) throws {
    let name = "environment.json"
    if FileManager.default.fileExists(atPath: file(name)) {
      let stem = "environment-until-\(environment.started.filter { $0 != ":" }).json"
      guard rename(file(name), file(stem)) == 0 else {
        throw LongtailError(.inputOutput, "\(file(name)): cannot be renamed to \(stem)", advice: "Check its permissions.")
      }
    }
    try write(JSONValue(encoding: environment).pretty, to: name)
  }

  /// Writes `classes.json`.
  /// - Throws: `LongtailError(.inputOutput)`.
  package func writeClasses(_ record: ClassesRecord) throws { try write(JSONValue(encoding: record).pretty, to: "classes.json") }

  /// Writes `best.json`.
  /// - Throws: `LongtailError(.inputOutput)`.
  package func writeBest(_ record: BestRecord) throws { try write(JSONValue(encoding: record).pretty, to: "best.json") }

  /// Writes `final-table.md`.
  /// - Parameter diagnosis: goes below the table where it found something.
  /// - Throws: `LongtailError(.inputOutput)`.
  package func writeFinalTable(_ record: EvaluationRecord, title: String, diagnosis: TailDiagnosis? = nil) throws {
    let findings = diagnosis.map { $0.isEmpty ? "" : "\n## Worth a look\n\n" + $0.markdownLines.joined(separator: "\n") + "\n" }
    try write(ClassTable(record).markdown(title: title) + (findings ?? ""), to: "final-table.md")
  }

  /// Writes the picture of an evaluation.
  /// - Returns: its path.
  /// - Throws: what drawing and encoding throw, `LongtailError(.inputOutput)`.
  @discardableResult
  package func writePicture(_ panel: Panel, step: Int) throws -> String {
    let path = picturePath(step: step)
    try RunDirectory.makeDirectory(file("pictures"))
    try panel.image().writePNG(to: path)
    return path
  }

  /// Refuses a folder with other files under names that a run writes, such as the user's own pictures in `pictures/`.
  private static func requireNoForeignFiles(in path: String, besides allowed: String? = nil) throws {
    let files = FileManager.default
    // What every run has written before it writes anything under another name.
    let marks = ["label-audit.json", "environment.json", "log.jsonl", "checkpoints"]
    guard !marks.contains(where: { files.fileExists(atPath: "\(path)/\($0)") }) else { return }
    let names = [
      "config.yaml", "classes.json", "classes.jsonl", "diary.jsonl", "best.json", "evaluation.json", "final-table.md", "report.html",
      "pictures", "examples", "tensorboard",
    ]
    let foreign = names.first { name in
      guard name != allowed, files.fileExists(atPath: "\(path)/\(name)") else { return false }
      guard let content = try? files.contentsOfDirectory(atPath: "\(path)/\(name)") else { return true }
      return !content.isEmpty
    }
    guard let foreign else { return }
    throw LongtailError(
      .usage, "\(path): \(foreign) is there already, but no run that it could be of; a run would write over it",
      advice: "Give the run an `output` of its own, or move the file away.")
  }

  /// A file that only a run leaves behind.
  private var traceOfARun: String? {
    ["config.yaml", "log.jsonl", "checkpoints"].first { FileManager.default.fileExists(atPath: file($0)) }
  }

  /// Writes `evaluation.json`.
  /// - Throws: `LongtailError(.inputOutput)`.
  package func writeEvaluation(_ details: EvaluationDetails) throws {
    try write(JSONValue(encoding: details).line + "\n", to: "evaluation.json")
  }

  /// Writes `report.html`.
  /// - Returns: its path.
  /// - Throws: `LongtailError(.inputOutput)`.
  @discardableResult
  package func writeReport(_ report: RunReport) throws -> String {
    try write(report.html, to: "report.html")
    return file("report.html")
  }

  private func write(_ text: String, to name: String) throws { try write(Data(text.utf8), to: name) }

  /// Replaces a file in one step.
  package func write(_ content: Data, to name: String) throws {
    do {
      try content.write(to: URL(fileURLWithPath: file(name)), options: .atomic)
    } catch {
      throw LongtailError(
        .inputOutput, "\(file(name)): cannot be written: \(error.localizedDescription)", advice: "Check permissions and free space.")
    }
  }

  /// Makes a directory anew, without what was in it.
  package func replaceDirectory(_ name: String) throws {
    try? FileManager.default.removeItem(atPath: file(name))
    try RunDirectory.makeDirectory(file(name))
  }

  private static func makeDirectory(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw LongtailError(
        .inputOutput, "\(path): cannot be made: \(error.localizedDescription)", advice: "Check the permissions of the directories above it."
      )
    }
  }

  /// `step-000120`.
  static func stepName(_ step: Int) -> String { "step-" + String(step, digits: 6) }
}
