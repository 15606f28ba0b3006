import Configuration
import Tensors
import TestSupport
import Testing

@Suite struct ProblemTests {
  private func message(_ yaml: String, overrides: [String] = []) -> String? {
    let error = longtailError { _ = try Configuration(yaml: yaml, name: "my", overrides: overrides) }
    #expect(error?.code == .usage)
    return error?.message
  }

  @Test(arguments: [
    ("seed: 1\nmodle: {}", "my.yaml:2: unknown key `modle`; did you mean `model`?"),
    (
      "data:\n  name: scenes\n  augmentation:\n    flp: 0.1",
      "my.yaml:4: unknown key `data.augmentation.flp`; did you mean `data.augmentation.flip`?"
    ),
    ("learningRate: 0.1", "my.yaml:1: unknown key `learningRate`; did you mean `optimizer.learningRate`?"),
    ("optimizer: {learning_rate: 0.1}", "my.yaml:1: unknown key `optimizer.learning_rate`; did you mean `optimizer.learningRate`?"),
    ("training:\n  batch_size: 4", "my.yaml:2: unknown key `training.batch_size`; did you mean `training.globalBatch`?"),
    ("optimizer: {lr: 1}", "my.yaml:1: unknown key `optimizer.lr`; did you mean `optimizer.learningRate`?"),
    ("reporting: {qqqqqq: 1}", "my.yaml:1: unknown key `reporting.qqqqqq`; keys here are every, pictures, tensorboard"),
  ])
  func unknownKeys(yaml: String, expected: String) {
    #expect(message(yaml) == expected)
  }

  @Test(arguments: [
    ("training: {epochs: ten}", "my.yaml:1: `training.epochs` is \"ten\" (a text), expected a whole number"),
    ("training: {epochs: 1.5}", "my.yaml:1: `training.epochs` is 1.5 (a number), expected a whole number"),
    ("training:\n  dropLast: yes", "my.yaml:2: `training.dropLast` is \"yes\" (a text), expected true or false"),
    ("training: 3", "my.yaml:1: `training` is 3 (a whole number), expected a mapping of keys"),
    (
      "engine: {algorithms: drect}",
      "my.yaml:1: `engine.algorithms` is \"drect\" (a text), expected one of model, measured, direct; did you mean `direct`?"
    ),
    (
      "data: {mean: 0.5}",
      "my.yaml:1: `data.mean` is 0.5 (a number), expected a list, each element a number; write it in brackets, such as [a, b]"
    ),
    (
      "schedule: {milestones: [1, two]}",
      "my.yaml:1: `schedule.milestones` is [1, \"two\"] (a list), expected a list, each element a whole number of epochs, or a text such as "
        + "4000 steps, 2.5 epochs or 80 %; element 2 is \"two\""
    ),
    (
      "evaluation: {split: 1}",
      "my.yaml:1: `evaluation.split` is 1 (a whole number), expected a text; put it in quotes if it is meant as a text"
    ),
  ])
  func wrongTypes(yaml: String, expected: String) {
    #expect(message(yaml) == expected)
  }

  @Test(arguments: [
    ("training: {epochs: 0}", "`training.epochs`: 0 trains nothing, and there is no `epilogue` either; give it at least 1"),
    ("data: {augmentation: {flip: 1.5}}", "`data.augmentation.flip` is 1.5, it must lie between 0.0 and 1.0"),
    ("data: {standardDeviation: [1, 0, 1]}", "`data.standardDeviation` is [1, 0, 1], element 2 is 0.0, it must be greater than 0.0"),
    ("data: {mean: [0.5]}", "`data.mean` is [0.5], it must have 3 elements: R, G and B"),
    (
      "data: {root: ~/camvid}",
      "`data.root` is \"~/camvid\", `~` only means the home directory to a shell; write the whole path"
    ),
    ("data: {size: {width: 32}}", "`data.size.height`: missing; give width and height"),
    ("data: {augmentation: {scale: [2, 1]}}", "`data.augmentation.scale`: the least factor, 2.0, is above the greatest, 1.0; swap them"),
    (
      "optimizer: {settings: {beta1: 0.9}}",
      "`optimizer.settings`: write the betas as `optimizer.betas: [0.9, 0.999]`"
    ),
    ("data: {settings: {root: /x}}", "`data.settings`: `root` is a key of `data` itself; move it one level up"),
    ("{optimizer: {learningRate: 0.1}, schedule: {minimum: 0.2}}", "`schedule.minimum`: 0.2 is above `optimizer.learningRate`, 0.1"),
    ("schedule: {name: multistep}", "`schedule.milestones`: multistep needs at least one epoch, such as [20, 25]"),
    ("schedule: {milestones: [20, 10]}", "`schedule.milestones`: they must rise, such as [20, 25]"),
    ("model: {trained: []}", "`model.trained`: it names no parameter; leave the key out to train all of them"),
    ("groups: {head: 10}", "`groups.head` is 10, it must lie between 0 and 1: write 10.0 % as 0.1"),
    ("groups: {head: 0.1, tail: 0.2}", "`groups.tail`: 0.2 is above the threshold of head, 0.1; swap them"),
    ("groups: {head: [a, b], tail: [b]}", "`groups.tail`: class b is in more than one group; leave it in one"),
    (
      "groups: {head: [a]}",
      "`groups.tail`: head and tail must be of one kind: two thresholds, or two lists of classes"
    ),
    (
      "optimizer: {settings: {momentum: 0.9}}",
      "`optimizer.settings`: `momentum` is a key of `optimizer` itself; move it one level up"
    ),
  ])
  func ranges(yaml: String, expected: String) {
    #expect(message(yaml) == "my.yaml:1: \(expected)")
  }

  /// Names of scores are the task's: it alone can tell which there are.
  @Test func scoreNames() throws {
    let best = try Configuration(yaml: "checkpoint: {best: [miou.tail, iou.person, dice.car, loss]}").checkpoint.best
    #expect(best == ["miou.tail", "iou.person", "dice.car", "loss"])
    #expect(try Configuration(yaml: "checkpoint: {best: []}").checkpoint.best == [])
    #expect(message("checkpoint: {best: [\"\"]}")?.contains("it must not be empty") == true)
  }

  @Test func allProblemsAreToldAtOnce() {
    let text = message("seed: -1\nmodel:\n  width: wide\n  deep: 3\n", overrides: ["training.globalBatch=0"])
    #expect(
      text == """
        4 problems:
        my.yaml:1: `seed` is -1, it must be at least 0
        my.yaml:3: `model.width` is "wide" (a text), expected a whole number
        my.yaml:4: unknown key `model.deep`; keys here are batchNorm, name, pretrained, pretrainedHead, settings, trained, width
        --set training.globalBatch=0: `training.globalBatch` is 0, it must be at least 1
        """)
  }

  @Test func syntax() {
    #expect(message("seed: [1, 2")?.hasPrefix("my.yaml:") == true)
    #expect(message("seed: [1, 2")?.contains("this is not YAML") == true)
    #expect(message("seed: 1\nseed: 2")?.contains("given twice in one mapping: `seed`") == true)
    #expect(message("- 1\n- 2") == "my.yaml:1: this is a list, expected keys such as `training:`")
    #expect(message("? [a]\n: 1")?.contains("a key has to be a plain word") == true)
  }

  @Test func overrides() {
    #expect(message("", overrides: ["training.epochs"]) == "--set training.epochs: there is no `=` in it")
    #expect(message("", overrides: ["training..epochs=1"]) == "--set training..epochs=1: a part of the key is empty")
    #expect(message("", overrides: ["training.epochs=[1"])?.hasPrefix("--set training.epochs=[1: this is not YAML") == true)
    #expect(message("", overrides: ["extends=a.yaml"])?.contains("`extends` belongs in a file") == true)
    #expect(
      message("", overrides: ["trainig.epochs=1"]) == "--set trainig.epochs=1: unknown key `trainig`; did you mean `training`?")
  }

  @Test func filesThatAreNotThere() throws {
    try withTemporaryDirectory { directory in
      try "seed: 1\nextends: base.yaml".write(toFile: "\(directory)/street.yaml", atomically: true, encoding: .utf8)
      let missing = longtailError { _ = try Configuration.load("\(directory)/stret.yaml") }
      #expect(missing?.code == .missingInput)
      #expect(missing?.message == "\(directory)/stret.yaml: there is no such file")
      #expect(missing?.advice == "Did you mean street.yaml?")
      let base = longtailError { _ = try Configuration.load("\(directory)/street.yaml") }
      #expect(base?.code == .missingInput)
      #expect(
        base?.message == "\(directory)/street.yaml:2: `extends` names \(directory)/base.yaml, but there is no such file")
      #expect(longtailError { _ = try Configuration.load(directory) }?.code == .missingInput)
    }
    #expect(LongtailError.Code.missingInput.rawValue == 66)
    #expect(LongtailError.Code.usage.rawValue == 64)
  }

  @Test func onlyOneLevelOfExtends() throws {
    try withTemporaryDirectory { directory in
      try "extends: b.yaml".write(toFile: "\(directory)/a.yaml", atomically: true, encoding: .utf8)
      try "extends: c.yaml".write(toFile: "\(directory)/b.yaml", atomically: true, encoding: .utf8)
      let error = longtailError { _ = try Configuration.load("\(directory)/a.yaml") }
      #expect(error?.code == .usage)
      #expect(error?.message.hasPrefix("\(directory)/b.yaml:1: a file that is extended must not extend another") == true)
    }
  }

  @Test func aMistakeInTheExtendedFileNamesThatFile() throws {
    try withTemporaryDirectory { directory in
      try "\nsede: 1".write(toFile: "\(directory)/base.yaml", atomically: true, encoding: .utf8)
      try "extends: base.yaml\n".write(toFile: "\(directory)/a.yaml", atomically: true, encoding: .utf8)
      let error = longtailError { _ = try Configuration.load("\(directory)/a.yaml") }
      #expect(error?.message == "\(directory)/base.yaml:2: unknown key `sede`; did you mean `seed`?")
    }
  }
}
