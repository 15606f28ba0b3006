import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// `inspect` names what is wrong with annotations, and nothing else.
  @Suite(.serialized) struct AnnotationFaultTests {
    private struct Report: Decodable {
      struct Fault: Decodable {
        var kind: String
        var file: String
        var entry: String
        var message: String
      }
      var format: String
      var objects: Int
      var faults: [Fault]
    }

    private func inspect(_ path: String) throws -> (outcome: Program.Outcome, report: Report?) {
      let outcome = try Program.run("longtail", ["inspect", path, "--json"])
      return (outcome, try? JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8)))
    }

    @Test(arguments: ["coco", "lvis", "voc", "yolo"]) func soundSetsHaveNoFault(_ format: String) throws {
      try withTemporaryDirectory { directory in
        let (outcome, report) = try inspect(try AnnotationFaultCase.writeSound(format, to: directory))
        #expect(outcome.exitCode == 0, "\(outcome)")
        #expect(report?.format == format)
        #expect(report?.faults.isEmpty == true, "\(outcome)")
        #expect(report.map { $0.objects >= 3 } == true)
      }
      #expect(AnnotationFaultCase.all.count { $0.format == format } >= 25)
    }

    @Test(arguments: AnnotationFaultCase.all) func aFaultIsNamedAlone(_ fault: AnnotationFaultCase) throws {
      try withTemporaryDirectory { directory in
        let (outcome, report) = try inspect(try fault.write(to: directory))
        #expect(outcome.exitCode == 65, "\(outcome)")
        guard let kind = fault.kind else {
          // Nothing can be said of the rest of such a file.
          #expect(outcome.output.isEmpty, "\(outcome)")
          for text in [fault.namedFile, fault.entry] { #expect(outcome.errors.contains(text), "\(outcome)") }
          return
        }
        let found = try #require(report?.faults, "\(outcome)")
        #expect(found.count == 1, "\(outcome)")
        let first = try #require(found.first)
        #expect(first.kind == kind, "\(first)")
        #expect(first.file.hasSuffix(fault.namedFile), "\(first)")
        #expect("\(first.entry): \(first.message)".contains(fault.entry), "\(first)")
        // The text says the same.
        if fault.name.count % 4 == 0 {
          let text = try Program.run(
            "longtail", ["inspect", directory + (fault.format == "voc" ? "" : fault.format == "yolo" ? "/data.yaml" : "/set.json")])
          #expect(text.exitCode == 65)
          #expect(text.output.components(separatedBy: "wrong: ").count == 2, "\(text)")
          #expect(text.output.contains(first.message), "\(text)")
        }
      }
    }
  }
}
