import Foundation
import TestSupport
import Testing

/// What lies in a run directory.
struct RunResult {
  let path: String

  /// Steps that have a checkpoint.
  var checkpoints: [Int] {
    names("checkpoints").filter { $0.hasPrefix("step-") }.compactMap { Int($0.dropFirst(5)) }.sorted()
  }

  /// The directory of a step's checkpoint.
  func checkpoint(_ step: Int) -> String {
    let digits = String(step)
    return "\(path)/checkpoints/step-\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits)"
  }

  /// The digest of a step's checkpoint.
  func digest(_ step: Int) throws -> String? {
    try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: URL(fileURLWithPath: "\(checkpoint(step))/MANIFEST.json"))).digest
  }

  private struct Manifest: Decodable { var digest: String }

  /// The lines of `log.jsonl` or `classes.jsonl`, without what a clock decides.
  func lines(_ file: String = "log.jsonl") -> [String] {
    let text = (try? String(contentsOfFile: "\(path)/\(file)", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map { line in
      line.range(of: ",\"time\":").map { String(line[..<$0.lowerBound]) } ?? String(line)
    }
  }

  /// The steps of `log.jsonl`, in order.
  var loggedSteps: [Int] {
    lines().compactMap { line in Int(line.dropFirst("{\"step\":".count).prefix { $0.isNumber }) }
  }

  /// Names below a directory of the run.
  func names(_ directory: String = "") -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(directory)")) ?? []).sorted()
  }

  /// Every file with its bytes.
  func contents() throws -> [String: Data] {
    var all: [String: Data] = [:]
    for name in FileManager.default.subpaths(atPath: path) ?? [] {
      if let data = FileManager.default.contents(atPath: "\(path)/\(name)") { all[name] = data }
    }
    return all
  }

  /// Flips one bit in the middle of a file of a checkpoint.
  func damage(_ step: Int, _ file: String) throws {
    let url = URL(fileURLWithPath: "\(checkpoint(step))/\(file)")
    var data = try Data(contentsOf: url)
    data[data.count / 2] ^= 4
    try data.write(to: url)
  }

  /// Cuts the last bytes off a file of a checkpoint.
  func cut(_ step: Int, _ file: String) throws {
    let url = URL(fileURLWithPath: "\(checkpoint(step))/\(file)")
    try Data(contentsOf: url).dropLast(7).write(to: url)
  }

  /// A copy of the whole directory, without the checkpoints after a step.
  func copy(to other: String, upTo step: Int) throws -> RunResult {
    try FileManager.default.copyItem(atPath: path, toPath: other)
    let copy = RunResult(path: other)
    for later in copy.checkpoints where later > step { try FileManager.default.removeItem(atPath: copy.checkpoint(later)) }
    return copy
  }
}

/// The digest that a run prints at its end.
func printedDigest(_ outcome: Program.Outcome) -> String? {
  outcome.output.split(separator: "\n").last { $0.hasPrefix("digest ") }?.split(separator: " ").last.map(String.init)
}

/// Trains with a configuration into a directory.
func train(_ configuration: String, _ output: String, _ settings: [String] = [], _ options: [String] = [], ranks: Int? = nil) throws
  -> Program.Outcome
{
  try Program.run("longtail", trainArguments(configuration, output, settings, options), ranks: ranks)
}

/// The arguments of `train`.
func trainArguments(_ configuration: String, _ output: String, _ settings: [String] = [], _ options: [String] = []) -> [String] {
  ["train", configuration, "--output", output] + settings.flatMap { ["--set", $0] } + options
}

extension String {
  /// How often a text occurs in it.
  func occurrences(of text: String) -> Int { components(separatedBy: text).count - 1 }
}

/// Compares an exit code, and looks for texts in what was printed.
func expect(
  _ outcome: Program.Outcome, _ code: Int32 = 0, output: [String] = [], errors: [String] = [],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(outcome.exitCode == code, "\(outcome)", sourceLocation: sourceLocation)
  for text in output {
    let isThere = outcome.output.contains(text)
    #expect(isThere, "'\(text)' is not in the output: \(outcome)", sourceLocation: sourceLocation)
  }
  for text in errors {
    let isThere = outcome.errors.contains(text)
    #expect(isThere, "'\(text)' is not in the errors: \(outcome)", sourceLocation: sourceLocation)
  }
}

/// The JSON object in a text.
func jsonObject(_ text: String) throws -> [String: Any] {
  try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
}
