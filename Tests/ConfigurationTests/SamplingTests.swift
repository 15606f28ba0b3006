import Configuration
import TestSupport
import Testing

/// The keys for samplers, divisions and early stopping.
@Suite struct SamplingTests {
  @Test func noneByDefault() throws {
    let defaults = try Configuration(yaml: "")
    #expect(defaults.data.sampler == nil && defaults.data.split == nil && defaults.training.earlyStopping == nil)
  }

  @Test func keysReadAndWrite() throws {
    let given = try Configuration(
      yaml: """
        data:
          sampler: {name: repeatFactor, length: 400, settings: {threshold: 0.01}}
          split: {validation: 0.3, seed: 4, stratified: false, groupBy: "^[^_]+"}
        training:
          earlyStopping: {score: miou.tail, patience: 3, leastChange: 0.002}
        """)
    #expect(given.data.sampler?.name == "repeatFactor" && given.data.sampler?.length == 400)
    #expect(given.data.sampler?.settings == ["threshold": 0.01])
    #expect(given.data.split?.validation == 0.3 && given.data.split?.groupBy == "^[^_]+" && given.data.split?.stratified == false)
    #expect(given.training.earlyStopping?.score == "miou.tail" && given.training.earlyStopping?.patience == 3)
    let back = try Configuration(yaml: given.yaml())
    #expect(back.data == given.data && back.training == given.training)
    for key in ["earlyStopping:", "sampler:", "split:", "groupBy: null", "patience: 10"] {
      #expect(Configuration.reference.contains(key), "\(key)")
    }
  }

  @Test(arguments: [
    ("data: {sampler: {nam: classAware}}", "did you mean `data.sampler.name`?"), ("data: {sampler: {length: 0}}", "at least 1"),
    ("data: {split: {validation: 1}}", "`data.split.validation` is 1"), ("data: {split: {validation: 0}}", "`data.split.validation` is 0"),
    ("data: {split: {folds: 1}}", "`data.split.folds` is 1"), ("data: {split: {fold: 1}}", "without `folds` there are none"),
    ("data: {split: {folds: 5, fold: 5}}", "5 is not one of 5 folds"),
    ("data: {split: {folds: 5, validation: 0.2}}", "leave one of the two out"),
    ("data: {split: {trainList: a.txt}}", "name both, or none"),
    ("data: {split: {trainList: a.txt, validationList: b.txt, groupBy: folder}}", "`data.split.groupBy`: the lists say already"),
    ("training: {earlyStopping: {score: miuo}}", "did you mean `miou`?"), ("training: {earlyStopping: {patience: 0}}", "at least 1"),
    ("training: {earlyStopping: {leastChange: -1}}", "at least 0"),
  ])
  func mistakes(yaml: String, expected: String) {
    let error = longtailError { try Configuration(yaml: yaml) }
    #expect(error?.code == .usage && error?.message.contains(expected) == true, "\(error?.message ?? "no error")")
  }

  /// What decides which samples a run sees stays; when it ends may change.
  @Test func whatMayChangeAtResume() throws {
    let plain = try Configuration(yaml: "")
    for yaml in ["data: {sampler: {name: shuffled}}", "data: {split: {validation: 0.2}}"] {
      #expect(longtailError { try Configuration(yaml: yaml).checkResumable(from: plain) }?.code == .mismatch)
    }
    #expect(try Configuration(yaml: "training: {earlyStopping: {patience: 2}}").checkResumable(from: plain).count == 3)
  }
}
