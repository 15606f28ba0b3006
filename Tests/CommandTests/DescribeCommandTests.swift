import BuiltInTasks
import Foundation
import Settings
import TestSupport
import Testing
import Training

extension ProcessTests {
  /// `longtail describe`: kinds, names, and what a name has to say.
  @Suite(.serialized) struct DescribeCommandTests {
    init() throws { try BuiltInParts.register() }

    @Test func kindsAreListed() throws {
      let kinds = Catalogue.kinds
      let outcome = try Program.run("longtail", ["describe"])
      expect(outcome, output: kinds.map { "\($0.name)" } + kinds.flatMap(\.entries).map(\.name))
      for line in outcome.output.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
      let object = try jsonObject(try Program.run("longtail", ["describe", "--json"]).output)
      #expect((object["kinds"] as? [[String: Any]])?.compactMap { $0["kind"] as? String } == kinds.map(\.name))
    }

    @Test(arguments: Catalogue.kinds.map(\.name)) func everyNameIsDescribed(_ name: String) throws {
      let kind = try Catalogue.kind(name)
      expect(try Program.run("longtail", ["describe", name]), output: [kind.place] + kind.entries.map { "\n\($0.name) " })
      let list = try jsonObject(try Program.run("longtail", ["describe", "\(name)s", "--json"]).output)
      #expect((list["entries"] as? [Any])?.count == kind.entries.count)
      // ResNets of several depths have one description.
      for entry in kind.entries where !["18", "34", "101", "152"].contains(where: { entry.name.hasSuffix("resnet\($0)") }) {
        let outcome = try Program.run("longtail", ["describe", name, entry.name])
        expect(outcome, output: ["\(name) \(entry.name): \(entry.summary)\n"] + entry.settings.map { "\n\($0.path)\n" })
        let words = outcome.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for setting in entry.settings {
          #expect(words.contains("\(setting.form); "), "\(entry.name) \(setting.path)")
          #expect(words.contains(setting.meaning), "\(entry.name) \(setting.path)")
          if setting.value?.isNull == false, !setting.isRequired { #expect(words.contains("default \(setting.defaultText)")) }
        }
        if let source = entry.source { #expect(words.contains("Source: \(source)")) }
        #expect(entry.about.isEmpty || words.contains(entry.about))

        let object = try jsonObject(try Program.run("longtail", ["describe", name, entry.name, "--json"]).output)
        #expect(object["kind"] as? String == name && object["name"] as? String == entry.name)
        let settings = try #require(object["settings"] as? [[String: Any]])
        #expect(settings.compactMap { $0["key"] as? String } == entry.settings.map(\.path))
        for setting in settings { #expect(Set(setting.keys) == ["key", "type", "range", "required", "default", "meaning"]) }
      }
    }

    @Test func whatIsNotThere() throws {
      expect(try Program.run("longtail", ["describe", "objektive"]), 64, errors: ["there is no kind 'objektive'", "'objective'"])
      expect(try Program.run("longtail", ["describe", "objective", "patt"]), 64, errors: ["there is no objective 'patt'", "'pat'"])
      expect(try Program.run("longtail", ["describe", "section", "trainings"]), 64, errors: ["'training'"])
      expect(try Program.run("longtail", ["describe", "dice"]), 64, errors: ["longtail describe objective dice"])
    }
  }
}
