import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// What every command says about itself, compared with the text files in `Help/`. `LONGTAIL_REWRITE_HELP=1` writes them anew, for a
  /// change that is meant.
  @Suite(.serialized) struct HelpTests {
    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Help").path
    private static let rewrites = ProcessInfo.processInfo.environment["LONGTAIL_REWRITE_HELP"] == "1"

    private func help(_ command: [String]) throws -> String {
      // Lines are as long as the terminal is wide; here there is none.
      let outcome = try Program.run("longtail", command + ["--help"], environment: ["COLUMNS": "100"])
      try #require(outcome.exitCode == 0, "\(outcome)")
      return outcome.output
    }

    /// The commands below the one whose help this is: the first words of the lines under SUBCOMMANDS.
    private func subcommands(_ help: String) -> [String] {
      guard let start = help.range(of: "SUBCOMMANDS:\n") else { return [] }
      return help[start.upperBound...].split(separator: "\n", omittingEmptySubsequences: false).prefix { $0.hasPrefix("  ") }
        .filter { !$0.hasPrefix("   ") }.compactMap { $0.split(separator: " ").first.map(String.init) }
    }

    private func compare(_ command: [String], _ seen: inout Set<String>) throws {
      let help = try help(command)
      let name = (["longtail"] + command).joined(separator: "-") + ".txt"
      seen.insert(name)
      let path = "\(HelpTests.directory)/\(name)"
      if HelpTests.rewrites {
        try FileManager.default.createDirectory(atPath: HelpTests.directory, withIntermediateDirectories: true)
        try help.write(toFile: path, atomically: true, encoding: .utf8)
      }
      let expected = try? String(contentsOfFile: path, encoding: .utf8)
      #expect(help == expected, "\(name) differs; LONGTAIL_REWRITE_HELP=1 writes it anew")
      for subcommand in subcommands(help) where subcommand != "help" { try compare(command + [subcommand], &seen) }
    }

    @Test func everyCommandExplainsItself() throws {
      var seen: Set<String> = []
      try compare([], &seen)
      #expect(seen.count > 10)
      let files = Set((try? FileManager.default.contentsOfDirectory(atPath: HelpTests.directory)) ?? [])
      #expect(files == seen, "files of commands that are no more: \(files.subtracting(seen).sorted())")
    }
  }
}
