import Configuration
import Foundation
import Settings
import Tensors
import TestSupport
import Testing

@Suite struct LoadTests {
  @Test func emptyTextGivesTheDefaults() throws {
    for yaml in ["", "# nothing\n", "{}"] {
      let configuration = try Configuration(yaml: yaml, name: "empty")
      #expect(configuration.outputDirectory == "runs/empty")
      #expect(configuration.data.name == "scenes")
      #expect(configuration.data.augmentation.flip == 0.5)
      #expect(configuration.data.loader == Configuration.Loader())
      #expect(configuration.model.width == 32)
      #expect(configuration.model.batchNorm == .synchronized)
      #expect(configuration.optimizer.learningRate == 1e-3)
      #expect(configuration.training.globalBatch == 8)
      #expect(configuration.groups.head == .share(0.10))
      #expect(configuration.checkpoint.best == nil, "the task says what it is judged by")
    }
  }

  @Test func readsEveryKind() throws {
    let yaml = """
      seed: 7   # a comment
      output: runs/mine
      data:
        name: folder
        root: /data/mine
        size: {width: 256, height: 192}
        settings:
          classes: [road, "12", sky]
          labelMap: {0: sky, 7: road}
        augmentation: {scale: [0.5, 2], crop: {width: 128, height: 96}}
      model: {name: segnet, batchNorm: local}
      objective:
        name: pat
        settings:
          pixelWeight: {exponent: classes, temperature: 1.0, detached: false}
      optimizer: {learningRate: 1e-2, betas: [0.9, 0.99], weightDecay: 0}
      gradientClipping: 5
      schedule: {name: multistep, milestones: [10, 20]}
      groups: {head: [road], tail: [sky]}
      engine: {threads: 2, algorithms: direct}
      """
    let configuration = try Configuration(yaml: yaml)
    #expect(configuration.seed == 7)
    #expect(configuration.outputDirectory == "runs/mine")
    #expect(configuration.data.size == Configuration.Size(width: 256, height: 192))
    #expect(configuration.data.settings["classes"] == ["road", "12", "sky"])
    #expect(configuration.data.settings["labelMap"] == ["0": "sky", "7": "road"])
    #expect(configuration.data.augmentation.scale == [0.5, 2])
    #expect(configuration.data.augmentation.crop?.height == 96)
    #expect(configuration.model.batchNorm == .local)
    let weight: SettingValue = ["exponent": "classes", "temperature": 1.0, "detached": false]
    #expect(configuration.objective.settings == ["pixelWeight": weight])
    #expect(configuration.optimizer.learningRate == 0.01)
    #expect(configuration.optimizer.registrySettings == ["beta1": 0.9, "beta2": 0.99, "weightDecay": 0.0])
    #expect(configuration.data.registrySettings["root"] == "/data/mine")
    #expect(configuration.gradientClipping == 5)
    #expect(configuration.schedule.name == .multistep)
    #expect(configuration.groups.tail == .classes(["sky"]))
    #expect(configuration.engine.algorithms == .direct)
  }

  @Test func scalarsFollowTheCoreSchema() {
    let cases: [(String, SettingValue)] = [
      ("", nil), ("~", nil), ("null", nil), ("true", true), ("False", false), ("yes", "yes"), ("off", "off"), ("12", 12), ("-3", -3),
      ("1e-3", 0.001), ("1.0e-05", 1e-5), (".5", 0.5), ("5.", 5.0), ("nan", "nan"), (".inf", ".inf"), ("1.2.3", "1.2.3"), ("0x10", "0x10"),
      ("1_000", "1_000"), ("-", "-"), ("e5", "e5"), ("99999999999999999999", 1e20),
    ]
    for (text, value) in cases { #expect(SourceNode.resolved(text) == value, "\(text)") }
  }

  @Test func overridesAreAppliedInOrder() throws {
    let configuration = try Configuration(
      yaml: "training: {epochs: 3}",
      overrides: [
        "training.epochs=4", "training.epochs= 5", "data.size={width: 64, height: 32}", "checkpoint.best=[miou, miou.tail]",
        "objective.settings.homogenization.maximumScale=20", "output=runs/a=b", "training.dropLast=false",
      ])
    #expect(configuration.training.epochs == 5)
    #expect(configuration.data.size?.width == 64)
    #expect(configuration.checkpoint.best == ["miou", "miou.tail"])
    #expect(configuration.objective.settings == ["homogenization": ["maximumScale": 20]])
    #expect(configuration.output == "runs/a=b")
    #expect(!configuration.training.dropLast)
  }

  @Test func nullTakesAValueAway() throws {
    let yaml = "{gradientClipping: 3, training: {epochs: 9}, objective: {settings: {homogenization: {statistic: logits}, pixelWeight: {}}}}"
    let configuration = try Configuration(
      yaml: yaml, overrides: ["gradientClipping=null", "training.epochs=~", "objective.settings.homogenization=null"])
    #expect(configuration.gradientClipping == nil)
    #expect(configuration.training.epochs == 30)
    #expect(configuration.objective.settings == ["pixelWeight": [:]])
  }

  @Test func extendedFileLiesBelow() throws {
    try withTemporaryDirectory { directory in
      try FileManager.default.createDirectory(atPath: "\(directory)/below", withIntermediateDirectories: true)
      try "training: {epochs: 3, globalBatch: 4}\nobjective: {name: pat, settings: {pixelWeight: {exponent: 1}}}\n"
        .write(toFile: "\(directory)/base.yaml", atomically: true, encoding: .utf8)
      try "extends: ../base.yaml\ntraining: {epochs: 6}\nobjective: {name: crossEntropy}\n"
        .write(toFile: "\(directory)/below/mine.yaml", atomically: true, encoding: .utf8)
      let configuration = try Configuration.load("\(directory)/below/mine.yaml")
      #expect(configuration.name == "mine")
      #expect(configuration.training.epochs == 6)
      #expect(configuration.training.globalBatch == 4)
      // The settings of one objective mean nothing to another.
      #expect(configuration.objective == Configuration.Objective())
    }
  }

  @Test func nameComesFromTheFileOrTheRunDirectory() throws {
    try withTemporaryDirectory { directory in
      let run = "\(directory)/night-3"
      try FileManager.default.createDirectory(atPath: run, withIntermediateDirectories: true)
      try "seed: 1".write(toFile: "\(run)/config.yaml", atomically: true, encoding: .utf8)
      try "seed: 1".write(toFile: "\(run)/street.v2.yaml", atomically: true, encoding: .utf8)
      #expect(try Configuration.load("\(run)/config.yaml").name == "night-3")
      #expect(try Configuration.load("\(run)/street.v2.yaml").name == "street.v2")
    }
  }
}
