import Configuration
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct WriteTests {
  private let rich = """
    seed: 3
    output: "runs/with blank: and # sign"
    data:
      name: folder
      size: {width: 31, height: 17}
      settings: {classes: ["yes", "1", a b, "é\\n"], labelMap: {"0": sky}, empty: {}, flag: true, none: []}
    objective: {name: pat, settings: {homogenization: {maximumScale: 20, target: rootMeanSquare, tiny: 1e-12}}}
    optimizer: {learningRate: 1e-5, nesterov: true, epsilon: 1e-8}
    gradientClipping: 0.1
    groups: {head: [sky], medium: [], tail: ["1"]}
    checkpoint: {everySteps: 50, best: [miou.tail]}
    """

  @Test func writtenTextReadsBackEqual() throws {
    for yaml in ["", rich] {
      let configuration = try Configuration(yaml: yaml, name: "mine")
      var back = try Configuration(yaml: configuration.yaml(header: ["Written for a test."]), name: "other")
      #expect(back.output == configuration.outputDirectory)
      back.name = "mine"
      #expect(back.setting == configuration.setting)
      #expect(try back.digest() == configuration.digest())
      #expect(back.differences(from: configuration).isEmpty)
    }
  }

  @Test func everyLineHasAComment() throws {
    let text = try Configuration(yaml: rich).yaml(header: ["One", "Two"])
    #expect(text.hasPrefix("# One\n# Two\nseed: 3  # all randomness derives from it\n"))
    for line in text.split(separator: "\n") { #expect(line.contains("# "), "\(line)") }
    #expect(text.contains("\n  learningRate: 1.0e-05  # before the schedule\n"))
    #expect(text.contains("\n\ndata:  # what to train on\n"))
  }

  @Test func referenceListsOptionalKeysToo() throws {
    let text = Configuration.reference
    for key in ["crop:", "    width: 0", "gradientClipping: null", "cacheMegabytes: 1024"] { #expect(text.contains(key), "\(key)") }
  }

  @Test func digestIsThatOfTheCanonicalForm() throws {
    let first = try Configuration(yaml: "training: {epochs: 3}\nseed: 1", name: "a")
    let second = try Configuration(yaml: "seed: 1\ntraining:\n  globalBatch: 8\n  epochs: 3\n", name: "a")
    let third = try Configuration(yaml: "seed: 2", name: "a")
    #expect(try first.digest() == second.digest())
    #expect(try first.digest() != third.digest())
    #expect(try first.digest().count == 64)
    #expect(try first.digest() == SHA256Digest(of: first.setting.description).description)
    #expect(first.setting.description.hasPrefix("{\"checkpoint\": {\"best\": null, \"every\": 1"))
  }

  @Test func settingSurvivesJSON() throws {
    let setting = try Configuration(yaml: rich).setting
    let back = try JSONDecoder().decode(SettingValue.self, from: JSONEncoder().encode(setting))
    // JSON does not tell 1.0 from 1.
    #expect(back.mapValue?["data"]?.mapValue?["settings"] == setting.mapValue?["data"]?.mapValue?["settings"])
    #expect(back.mapValue?["gradientClipping"]?.doubleValue == 0.1)
  }

  @Test func differencesNameKeysAndWhatIsAllowed() throws {
    let old = try Configuration(yaml: "{training: {epochs: 3}, objective: {name: pat, settings: {a: {b: 1, c: 2}}}}", name: "x")
    let new = try Configuration(
      yaml: "{training: {epochs: 5}, seed: 2, data: {loader: {threads: 3}}, objective: {name: pat, settings: {a: {b: 2}}}}", name: "x")
    let all = new.differences(from: old)
    #expect(all.map(\.key) == ["seed", "data.loader.threads", "objective.settings.a.b", "training.epochs", "objective.settings.a.c"])
    #expect(all.map(\.isAllowedAtResume) == [false, true, false, true, false])
    #expect(all.first?.description == "seed: 0 -> 2")
    #expect(all.last?.description == "objective.settings.a.c: 2 -> null")
    #expect(
      all.first { $0.key == "training.epochs" }?.description
        == "training.epochs: 3 -> 5 (the learning rate's schedule changes its length from here on)")
  }

  @Test func resumeRefusesWhatIsNotAllowed() throws {
    let old = try Configuration(yaml: "seed: 1", name: "x")
    let longer = try Configuration(yaml: "{seed: 1, output: elsewhere, schedule: {name: cosine}, reporting: {every: 3}}", name: "y")
    #expect(try longer.checkResumable(from: old).map(\.key) == ["output", "reporting.every"])
    let other = try Configuration(yaml: "{seed: 2, model: {width: 8}}", name: "x")
    let error = longtailError { _ = try other.checkResumable(from: old) }
    #expect(error?.code == .mismatch)
    #expect(
      error?.message == """
        the configuration is not the one that the run was begun with:
          seed: 1 -> 2
          model.width: 32 -> 8
        """)
  }
}
