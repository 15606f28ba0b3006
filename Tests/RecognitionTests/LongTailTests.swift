import Datasets
import Foundation
import Images
import Tensors
import TestSupport
import Testing

@testable import Recognition

@Suite struct LongTailTests {
  /// A balanced set of names without images.
  private func balanced(_ classCount: Int, _ each: Int) throws -> LabelledImages {
    let labels = (0..<classCount * each).map { Int32($0 % classCount) }
    let names = labels.indices.map { "class \(labels[$0])/image \($0).png" }
    let part = LabelledImages.Part(source: FileSource(paths: names), names: names, labels: labels)
    return try LabelledImages(name: "test", classes: (0..<classCount).map { "class \($0)" }, parts: [.train: part])
  }

  @Test func countsAreThePublishedOnes() throws {
    for tail in try TestFiles.oracle().tails {
      let longTail = try LongTail(factor: tail.factor)
      #expect(longTail.counts(largest: tail.largest, classCount: tail.counts.count) == tail.counts)
    }
    // By division, though the power of a third ends below.
    #expect(try LongTail(factor: 3).counts(largest: 6000, classCount: 4).last == 2000)
    #expect(
      try LongTail(factor: 100, form: .step).counts(largest: 5000, classCount: 10) == [5000, 5000, 5000, 5000, 5000, 50, 50, 50, 50, 50])
    #expect(try LongTail(factor: 1000).counts(largest: 10, classCount: 3) == [10, 1, 1])
    #expect(try LongTail(factor: 1).counts(largest: 7, classCount: 3) == [7, 7, 7])
    #expect(try LongTail(factor: 9).counts(largest: 7, classCount: 1) == [7])
  }

  @Test(.enabled(if: TestFiles.shared("golden/recognition_golden.json") != nil, "the folder shared with golden values is not there"))
  func countsAreThoseOfTheGoldenFile() throws {
    let path = try #require(TestFiles.shared("golden/recognition_golden.json"))
    let golden = try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any])
    let entry = try #require((golden["cases"] as? [String: Any])?["long_tailed_counts"] as? [String: Any])
    let outputs = try #require(entry["outputs"] as? [String: Any])
    var compared = 0
    for (name, largest, classCount) in [("cifar10", 5000, 10), ("cifar100", 500, 100), ("fashion_mnist", 6000, 10)] {
      for factor in [10, 50, 100, 200] {
        let expected = try #require(outputs["\(name)_if\(factor)"] as? [String: Any])
        let counts = try LongTail(factor: Double(factor)).counts(largest: largest, classCount: classCount)
        #expect(counts == expected["counts"] as? [Int])
        let groups = try ClassFrequencyGroups(counts: counts)
        #expect([.many, .medium, .few].map { groups.classes[$0]?.count ?? 0 } == expected["many_medium_few"] as? [Int])
        compared += 1
      }
    }
    #expect(compared == 12)
  }

  @Test func ordersDecideWhichClassIsRare() throws {
    let counts = try LongTail(factor: 10).counts(largest: 100, classCount: 6)
    #expect(try LongTail(factor: 10, order: .reversed).counts(largest: 100, classCount: 6) == counts.reversed())
    let shuffled = try (0..<20).map { try LongTail(factor: 10, seed: $0, order: .seed).counts(largest: 100, classCount: 6) }
    #expect(shuffled.allSatisfy { $0.sorted() == counts.sorted() } && Set(shuffled).count > 10)
  }

  @Test func selectionsDependOnSeedAndNamesAlone() throws {
    let images = try balanced(5, 40)
    let longTail = try LongTail(factor: 10, seed: 3)
    let part = try images.longTailed(longTail).part(.train)
    #expect(try images.longTailed(longTail).classCounts(of: .train) == [40, 22, 12, 7, 4])
    #expect(zip(part.names, part.labels).allSatisfy { $0.hasPrefix("class \($1)/") } && part.source.location(of: 5) == part.names[5])
    // Another order of files gives the same images.
    let whole = try images.part(.train)
    let reordered = images.replacing(.train, with: whole.selecting(Array((0..<200).reversed())))
    #expect(try Set(reordered.longTailed(longTail).part(.train).names) == Set(part.names))
    // Another seed gives others, another factor a part of them.
    #expect(try Set(images.longTailed(LongTail(factor: 10, seed: 4)).part(.train).names) != Set(part.names))
    #expect(try Set(images.longTailed(LongTail(factor: 40, seed: 3)).part(.train).names).isSubset(of: part.names))
    // Every image has its turn.
    let chosen = try Set((0..<60).flatMap { try images.longTailed(LongTail(factor: 10, seed: $0)).part(.train).names })
    #expect(chosen.count == 200)
  }

  @Test func setsThatAreNotBalancedStartFromTheSmallestClass() throws {
    let images = try balanced(3, 30)
    let kept = try images.part(.train).selecting((0..<90).filter { $0 % 3 != 1 || $0 < 60 })
    let found = try images.replacing(.train, with: kept).longTailed(LongTail(factor: 4))
    #expect(found.classCounts(of: .train) == [20, 10, 5])
    #expect(found.remarks == ["data.longTail: the classes have 20 to 30 training images; counts start from 20, which all of them have"])
    let empty = images.replacing(.train, with: try images.part(.train).selecting([0, 1]))
    #expect(longtailError { try empty.longTailed(LongTail(factor: 2)) }?.message.contains("class 2") == true)
  }

  @Test func subsetsAreWrittenAndFoundAgain() throws {
    let images = try balanced(4, 20)
    let part = try images.longTailed(LongTail(factor: 5, seed: 1)).part(.train)
    let subset = try TrainingSubset(part)
    let read = try TrainingSubset(text: subset.text, file: "run/subset.txt")
    #expect(read == subset && read.digest.description.count == 64)
    let again = try read.selecting(from: images.part(.train), file: "run/subset.txt")
    #expect(again.names == part.names && again.labels == part.labels)
    // The digest does not depend on the order.
    let order = Array(part.labels.indices.reversed())
    #expect(try TrainingSubset(part.selecting(order)).digest == subset.digest)
    #expect(try TrainingSubset(part.selecting(Array(order.dropLast()))).digest != subset.digest)

    let changed = subset.text.replacingOccurrences(of: "\(part.names[0]) \(part.labels[0])\n", with: "")
    #expect(longtailError { try TrainingSubset(text: changed, file: "s") }?.message.contains("it was changed") == true)
    #expect(longtailError { try TrainingSubset(text: "a.png 0\nb.png 1\na.png 0\n", file: "s") }?.message == "s:3: a.png is named twice")
    let other = try TrainingSubset(text: "class 0/image 0.png 0\nnowhere.png 1\n", file: "s")
    #expect(
      longtailError { try other.selecting(from: images.part(.train), file: "s") }?.message
        == "s: nowhere.png is not among the training images")
    let wrong = try TrainingSubset(text: "class 0/image 0.png 1\n", file: "s")
    #expect(longtailError { try wrong.selecting(from: images.part(.train), file: "s") }?.message.contains("has label 1") == true)
  }

  @Test func settingsAreReadWithTheirNames() throws {
    let read = try LongTail(settings: ["factor": 50, "seed": 4, "form": "step", "order": "reversed"])
    #expect(try read == LongTail(factor: 50, seed: 4, form: .step, order: .reversed))
    #expect(try LongTail(settings: ["factor": 2.5]) == LongTail(factor: 2.5))
    for (settings, word) in [
      (["factor": 0.5], "factor is 0.5"), ([:], "factor is missing"), (["factor": 9, "form": "steps"], "unknown form 'steps'"),
      (["factor": 9, "sede": 1], "unknown setting 'sede'"), (["factor": 9, "seed": -1], "seed is -1"),
    ] as [([String: SettingValue], String)] {
      #expect(longtailError { try LongTail(settings: settings) }?.message.contains(word) == true, "\(word)")
    }
  }

  @Test func imagesAreHeldOutClassByClass() throws {
    let images = try balanced(4, 20).longTailed(LongTail(factor: 20))
    let held = try images.holdingOut(share: 0.25)
    #expect(images.classCounts(of: .train) == [20, 7, 2, 1])
    #expect(held.classCounts(of: .train) == [15, 5, 1, 1] && held.classCounts(of: .validation) == [5, 2, 1, 0])
    #expect(try Set(held.part(.train).names + held.part(.validation).names) == Set(images.part(.train).names))
    #expect(longtailError { try held.holdingOut(share: 0.1) }?.code == .usage)
  }
}
