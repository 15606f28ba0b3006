import Foundation
import Longtail
import TestSupport
import Testing

/// What the pages about parts of one's own show: it compiles with what is public, and does what it says.
@Suite struct ExampleTests {
  private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

  /// Lines without indentation.
  private func lines(_ text: String) -> [String] {
    text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }

  @Test func pagesShowWhatIsCompiled() throws {
    let files = FileManager.default
    let pages = Self.tests.deletingLastPathComponent().appendingPathComponent("Sources/Longtail/Longtail.docc").path
    var code = ""
    for folder in ["Client", "ClientTests", "ClientTests/Examples"] {
      let path = Self.tests.appendingPathComponent(folder).path
      for file in try files.contentsOfDirectory(atPath: path) where file.hasSuffix(".swift") {
        code += "\n" + lines(try String(contentsOfFile: "\(path)/\(file)", encoding: .utf8)).joined(separator: "\n") + "\n"
      }
    }
    var count = 0
    for page in try files.contentsOfDirectory(atPath: pages) where page.hasSuffix(".md") {
      let parts = try String(contentsOfFile: "\(pages)/\(page)", encoding: .utf8).components(separatedBy: "```")
      for (index, part) in parts.enumerated() where index % 2 == 1 && part.hasPrefix("swift\n") && !part.contains("PackageDescription") {
        count += 1
        let block = lines(String(part.dropFirst("swift\n".count))).joined(separator: "\n")
        #expect(code.contains("\n\(block)\n"), "\(page) shows what no file of Tests/Client has:\n\(block)")
      }
    }
    #expect(count >= 12, "only \(count) pieces of code were found")
  }

  @Test func turnsShowEverySampleOnce() {
    let sampler = InTurns(sampleCount: 12, epochs: 3)
    #expect((0..<3).flatMap { sampler.samples(epoch: $0) }.sorted() == Array(0..<12))
    #expect(sampler.expectedCopies(epoch: 1).reduce(0, +) == 4)
  }

  @Test func signsMoveByTheRate() throws {
    let optimizer = SignDescent(parameterCount: 3, momentum: 0, ranges: [ParameterRange(2..<3, learningRateFactor: 0)])
    let (parameters, gradients) = (HostBuffer(floatCount: 3), HostBuffer(floatCount: 3))
    gradients.withFloats { ($0[0], $0[1], $0[2]) = (4, -0.1, 1) }
    try optimizer.update(parameters: parameters, gradients: gradients, learningRate: 0.5)
    #expect(parameters.withFloats { Array($0) } == [-0.5, 0.5, 0])
  }

  @Test func dataSetsHaveWhatTheySay() throws {
    let boxes = Boxes()
    #expect(try boxes.objects(split: .train, index: 4).objects.map(\.label) == [1])
    #expect(try boxes.annotations(of: .validation).instances.count == 4)
    let stripes = Stripes(labels: [0, 1])
    #expect(try stripes.content(of: 0).decoded() != stripes.content(of: 1).decoded())
    #expect([InTurns.entry.name, Boxes.entry.name, Stripes.entry.name] == ["inTurns", "oneBox", "stripes"])
    #expect(SignDescent.entry.summary.contains("sign") && WithoutBias.entry.name == "withoutBias")
  }
}
