import Datasets
import Foundation
import Images
import Tensors
import TestSupport
import Testing

/// Divisions into training and validation samples.
@Suite struct DivisionTests {
  private static let rules: [SampleDivision.Rule] = [
    .share(0.2), .share(0.5), .share(0.07), .fold(0, of: 5), .fold(4, of: 5), .fold(1, of: 2),
  ]

  private func names(_ count: Int) -> [String] { (0..<count).map { "clip\($0 / 6)/frame\($0)" } }

  private func divided(
    _ samples: TailedSamples, _ rule: SampleDivision.Rule, groupBy: String? = nil, stratified: Bool = true, seed: UInt64 = 0
  )
    throws -> SampleDivision
  {
    let classes = samples.classes
    return try SampleDivision(
      samples: names(classes.count), rule: rule, groupBy: groupBy, classes: stratified ? classes : nil, seed: seed)
  }

  private func share(_ rule: SampleDivision.Rule) -> Double {
    switch rule {
    case .share(let share): share
    case .fold(_, let count): 1 / Double(count)
    }
  }

  @Test(arguments: TailedSamples.allCases, [nil, "folder"]) func partsAreDisjointAndComplete(_ samples: TailedSamples, _ groupBy: String?)
    throws
  {
    let count = samples.classes.count
    for rule in Self.rules {
      for stratified in [true, false] {
        let division = try divided(samples, rule, groupBy: groupBy, stratified: stratified)
        #expect((division.train + division.validation).sorted() == Array(0..<count))
        #expect(division.train == division.train.sorted() && division.validation == division.validation.sorted())
        #expect(division == (try divided(samples, rule, groupBy: groupBy, stratified: stratified)), "it is a function")
        // Groups of six samples may be at the border.
        let slack = stratified ? 6.0 : groupBy == nil ? 0.5 : 6
        #expect(abs(Double(division.validation.count) - share(rule) * Double(count)) <= slack, "\(rule): \(division.validation.count)")
      }
    }
  }

  @Test(arguments: TailedSamples.allCases, [nil, "folder"]) func seedsGiveOtherDivisions(_ samples: TailedSamples, _ groupBy: String?)
    throws
  {
    for stratified in [true, false] {
      let held = try (0..<6).map { seed in
        try divided(samples, .share(0.3), groupBy: groupBy, stratified: stratified, seed: UInt64(seed)).validation
      }
      #expect(Set(held).count > 2)
    }
  }

  /// Each class is shared out to within a sample and a half; by chance the rare ones would not be.
  @Test(arguments: TailedSamples.allCases) func stratifiedPartsHaveTheSameClasses(_ samples: TailedSamples) throws {
    let classes = samples.classes
    let all = classes.sampleCounts
    for rule in Self.rules {
      for seed in 0..<5 {
        let division = try divided(samples, rule, seed: UInt64(seed))
        let held = classes.selecting(division.validation).sampleCounts
        for (index, count) in held.enumerated() {
          let expected = share(rule) * Double(all[index])
          let slack = samples == .images ? 1 : 2.5
          #expect(abs(Double(count) - expected) <= slack, "class \(index) of \(all[index]), \(rule), seed \(seed): \(count)")
        }
      }
    }
    let plain = try (0..<20).map { seed in
      classes.selecting(try divided(samples, .share(0.2), stratified: false, seed: UInt64(seed)).validation).sampleCounts
    }
    let worst = plain.map { counts in counts.indices.map { abs(Double(counts[$0]) - 0.2 * Double(all[$0])) }.max() ?? 0 }.max() ?? 0
    #expect(worst > 4, "chance alone is off by more: \(worst)")
  }

  @Test func rareClassesAreSharedOutFirst() throws {
    // One sample of class 3, two of class 2, and 97 of class 0, which all show class 1 too.
    let labels = (0..<100).map { $0 == 50 ? 3 : $0 == 20 || $0 == 70 ? 2 : 0 }
    let classes = SampleClasses(counts: labels.map { label in (0..<4).map { $0 == label || $0 == 1 ? 1 : 0 } }, classCount: 4)
    let half = try SampleDivision(samples: names(100), rule: .share(0.5), groupBy: nil, classes: classes, seed: 3)
    #expect(classes.selecting(half.validation).sampleCounts[2] == 1 && half.validation.count == 50)
    let fifth = try SampleDivision(samples: names(100), rule: .share(0.2), groupBy: nil, classes: classes, seed: 3)
    #expect(fifth.train.contains(50) && abs(fifth.validation.count - 20) <= 1)
  }

  @Test(arguments: TailedSamples.allCases) func groupsStayWhole(_ samples: TailedSamples) throws {
    for rule in [SampleDivision.Rule.share(0.2), .fold(2, of: 3)] {
      for groupBy in ["folder", "^clip[0-9]+", "^clip([0-9]+)/"] {
        let division = try divided(samples, rule, groupBy: groupBy)
        let clips = Set(division.validation.map { $0 / 6 })
        #expect(clips.isDisjoint(with: division.train.map { $0 / 6 }))
        let classes = samples.classes
        let held = classes.selecting(division.validation).sampleCounts
        for (index, count) in held.enumerated() {
          let expected = share(rule) * Double(classes.sampleCounts[index])
          #expect(abs(Double(count) - expected) <= 6 + 0.1 * expected, "class \(index): \(count) of \(expected)")
        }
      }
    }
  }

  @Test(arguments: [nil, "folder"]) func foldsPartition(_ groupBy: String?) throws {
    let parts = try (0..<5).map { try divided(.pixels, .fold($0, of: 5), groupBy: groupBy).validation }
    #expect(parts.flatMap { $0 }.sorted() == Array(0..<90))
  }

  /// Neither the order of the files nor those that come later move what is held out, without classes to balance.
  @Test func listsDoNotDependOnTheOrderOfFiles() throws {
    let names = names(60)
    func held(_ names: [String]) throws -> Set<String> {
      let division = try SampleDivision(samples: names, rule: .share(0.25), groupBy: nil, classes: nil, seed: 9)
      return Set(division.validation.map { names[$0] })
    }
    let first = try held(names)
    #expect(first == (try held(names.reversed())))
    // From the program itself: the same on every machine.
    let few = try SampleDivision(samples: (0..<10).map { "s\($0)" }, rule: .share(0.3), groupBy: nil, classes: nil, seed: 1)
    #expect(few.validation == DivisionTests.heldOfTen)
  }

  /// Printed once; another machine has to give the same.
  private static let heldOfTen = [3, 7, 9]

  @Test func whatCannotBeDividedIsRefused() throws {
    func message(_ rule: SampleDivision.Rule, _ names: [String], groupBy: String? = nil) -> String {
      let error = longtailError { try SampleDivision(samples: names, rule: rule, groupBy: groupBy, classes: nil, seed: 0) }
      return error.map { $0.code == .usage ? "\($0)" : "another error: \($0)" } ?? "none"
    }
    #expect(message(.share(0), ["a", "b"]).contains("above 0"))
    #expect(message(.share(0.2), ["a"]).contains("no samples for validation: there are 1 samples"))
    #expect(message(.share(0.5), ["c/a", "c/b"], groupBy: "folder").contains("1 groups of samples"))
    #expect(message(.fold(5, of: 5), names(9)).contains("counted from 0"))
    #expect(message(.share(0.5), ["c/a", "b"], groupBy: "folder").contains("finds nothing in the sample name 'b'"))
    #expect(message(.share(0.5), ["c/a", "b"], groupBy: "([a").contains("not a regular expression"))
  }

  // MARK: Lists

  @Test func listsAreGivenBack() throws {
    try withTemporaryDirectory { directory in
      let names = ["clip a/1", "clip a/2", "#3", "'4'", "5", "6 0.5"]
      let division = try SampleDivision(samples: names, rule: .share(0.5), groupBy: nil, classes: nil, seed: 2)
      for (file, part) in [("train", division.train), ("val", division.validation)] {
        try SampleDivision.list(part.map { names[$0] }).write(toFile: "\(directory)/\(file).txt", atomically: true, encoding: .utf8)
      }
      let back = try SampleDivision(samples: names, trainList: "\(directory)/train.txt", validationList: "\(directory)/val.txt")
      #expect(back == division)

      func message(_ train: String, _ validation: String) throws -> String {
        try train.write(toFile: "\(directory)/a.txt", atomically: true, encoding: .utf8)
        try validation.write(toFile: "\(directory)/b.txt", atomically: true, encoding: .utf8)
        return longtailError { try SampleDivision(samples: names, trainList: "\(directory)/a.txt", validationList: "\(directory)/b.txt") }
          .map { "\($0)" } ?? "none"
      }
      #expect(try message("5\n", "clip a/1\n5\n").contains("b.txt, line 2: 5 stands in \(directory)/a.txt, line 1 too"))
      #expect(try message("5\n", "clip a/9\n").contains("b.txt, line 1: there is no sample 'clip a/9'"))
      #expect(try message("5\n", "\n").contains("no samples in it"))
      #expect(try message("# remark\n5\n", "clip a/1\n") == "none")
    }
  }

  // MARK: Data sets

  @Test func aDividedDataSetGivesItsPartsSamples() throws {
    let base = TrainingOnly(PatternDataset(samples: 8))
    let names = (0..<8).map { base.identifier(split: .train, index: $0) }
    let division = try SampleDivision(samples: names, rule: .share(0.25), groupBy: nil, classes: nil, seed: 5)
    let divided = try DividedSamples(base, division)
    #expect(divided.count(of: .train) == 6 && divided.count(of: .validation) == 2 && divided.count(of: .test) == 0)
    for (place, index) in division.validation.enumerated() {
      #expect(divided.identifier(split: .validation, index: place) == names[index])
      #expect(try divided.sample(split: .validation, index: place).labels == (try base.sample(split: .train, index: index).labels))
    }
    #expect(try divided.digest(of: .train) != (try base.digest(of: .train)))
    let other = try DividedSamples(base, SampleDivision(samples: names, rule: .share(0.25), groupBy: nil, classes: nil, seed: 6))
    #expect(try divided.digest(of: .train) != (try other.digest(of: .train)))
    let refused = longtailError { try DividedSamples(PatternDataset(), division) }
    #expect(refused?.code == .usage && refused?.message.contains("validation samples of its own") == true)
  }

  @Test func foldsLeaveValidationSamplesOfTheDataSetsOwnAlone() throws {
    let base = PatternDataset(samples: 6)
    #expect(base.count(of: .validation) > 0)
    let names = (0..<6).map { base.identifier(split: .train, index: $0) }
    var held: [String] = []
    for fold in 0..<3 {
      let division = try SampleDivision(samples: names, rule: .fold(fold, of: 3), groupBy: nil, classes: nil, seed: 1)
      let divided = try DividedSamples(base, division, leavesOwnValidation: true)
      #expect(divided.count(of: .train) == 4 && divided.count(of: .validation) == 2)
      #expect(divided.count(of: .test) == base.count(of: .test))
      held += (0..<2).map { divided.identifier(split: .validation, index: $0) }
      #expect(try divided.sample(split: .validation, index: 0).labels == base.sample(split: .train, index: division.validation[0]).labels)
    }
    #expect(held.sorted() == names.sorted())
  }

  @Test func classesAreCountedFromLabels() throws {
    let base = PatternDataset(samples: 7)
    for threads in [1, 3] {
      let classes = try SampleClasses(countingLabelsOf: base, split: .train, threads: threads, skipsUnreadable: false)
      let audit = try LabelAudit.scan(base, split: .train, indices: 0..<7, threads: threads, keepsSamples: true)
      #expect(classes.count == 7 && classes.totals.reduce(0, +) == 7 * 30)
      #expect(audit.samples == classes && audit.pixels == classes.totals && audit.images == classes.sampleCounts)
      let back = try JSONDecoder().decode(SampleClasses.self, from: JSONEncoder().encode(classes))
      #expect(back == classes)
    }
    #expect(try LabelAudit.scan(base, split: .train, indices: 0..<7, threads: 1).samples == nil)
    let broken = PatternDataset(samples: 7, broken: 3)
    #expect(
      longtailError { try SampleClasses(countingLabelsOf: broken, split: .train, threads: 1, skipsUnreadable: false) }?.code == .badData)
    let skipped = try SampleClasses(countingLabelsOf: broken, split: .train, threads: 2, skipsUnreadable: true)
    #expect(skipped.count == 7 && skipped[3].isEmpty && !skipped[4].isEmpty)
    #expect(try LabelAudit.scan(broken, split: .train, indices: 0..<7, threads: 2, keepsSamples: true).samples == skipped)
  }
}

/// Another data set's training samples alone.
private struct TrainingOnly: SegmentationDataset {
  private let base: PatternDataset
  init(_ base: PatternDataset) { self.base = base }

  var name: String { base.name }
  var classes: [ClassInfo] { base.classes }
  var labelMap: LabelMap { base.labelMap }
  func count(of split: Split) -> Int { split == .train ? base.samples : 0 }
  func identifier(split: Split, index: Int) -> String { base.identifier(split: split, index: index) }
  func labelSource(split: Split, index: Int) -> String { base.labelSource(split: split, index: index) }
  func fileLabels(split: Split, index: Int) throws -> LabelImage { try base.fileLabels(split: split, index: index) }
  func sample(split: Split, index: Int) throws -> Sample { try base.sample(split: split, index: index) }
  func imageSize(split: Split, index: Int) throws -> ImageSize { try base.imageSize(split: split, index: index) }
  func fingerprint(of split: Split) throws -> [String] { try base.fingerprint(of: split) }
}
