import Images
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct ClassMixingTests {
  private let blocks = BlockDataset()

  private func pipeline(_ kind: Mixing.Kind, _ change: (inout ClassMixing.Rule) -> Void = { _ in }) throws -> AugmentationPipeline {
    var rule = ClassMixing.Rule()
    rule.probability = 1
    change(&rule)
    return try blocks.pipeline { if kind == .cutMix { $0.mixing.cutMix = rule } else { $0.mixing.mixup = rule } }
  }

  @Test func cutMixTakesARectangleAndItsLabelsAroundTheClass() throws {
    let pipeline = try pipeline(.cutMix)
    for index in 0..<32 {
      for epoch in 0..<10 {
        let view = try blocks.view(pipeline, index, epoch: epoch)
        let choice = try #require(view.mixed)
        let partner = try blocks.sample(split: .train, index: choice.partner)
        let own = try blocks.sample(split: .train, index: index)
        let label = try #require(choice.classIndex)
        #expect(BlockDataset.shown(choice.partner).contains(label) && view.second == nil)
        var (left, right, top, bottom, taken) = (32, -1, 24, -1, 0)
        for y in 0..<24 {
          for x in 0..<32 {
            if choice.partner != index, view.image[x, y].green == UInt8(choice.partner) {
              #expect(view.image[x, y] == partner.image[x, y] && view.labels[x, y] == partner.labels[x, y])
              (left, right, top, bottom) = (min(left, x), max(right, x), min(top, y), max(bottom, y))
              taken += 1
            } else {
              #expect(view.image[x, y].green == UInt8(index) && view.labels[x, y] == own.labels[x, y])
            }
          }
        }
        if taken > 0 {
          #expect(taken == (right - left + 1) * (bottom - top + 1), "a rectangle")
          if taken > 4 { #expect(view.labels.labels.contains(UInt8(label))) }
        }
      }
    }
  }

  @Test func mixupBlendsAsPillowDoesAndGivesSecondLabels() throws {
    let pipeline = try pipeline(.mixup)
    for index in 0..<32 {
      let view = try blocks.view(pipeline, index)
      let choice = try #require(view.mixed)
      let partner = try blocks.sample(split: .train, index: choice.partner)
      let own = try blocks.sample(split: .train, index: index)
      let second = try #require(view.second)
      #expect(view.labels == own.labels && second.labels == partner.labels)
      #expect(second.share == Float(1 - choice.share) && (0...1).contains(second.share))
      // Pillow's Image.blend(own, partner, share) in 32-bit numbers.
      for place in view.image.pixels.indices {
        let (a, b) = (Float(own.image.pixels[place]), Float(partner.image.pixels[place]))
        #expect(view.image.pixels[place] == UInt8(min(255, max(0, a + second.share * (b - a)))))
      }
    }
  }

  @Test(arguments: [nil, 0.02, 1.0]) func partnersShowClassesAsOftenAsExpected(temperature: Double?) throws {
    for isByClass in [true, false] {
      let pipeline = try pipeline(.mixup) {
        $0.temperature = temperature
        $0.isByClass = isByClass
        $0.probability = 0.75
      }
      let tables = try #require(pipeline.tables)
      let expected = ClassMixing.expectedShares(try #require(pipeline.mixing.mixup), tables.mixup)
      if !isByClass { #expect(expected == [1, 1, 0.25, 0.125, 0.0625]) }
      var found = [Double](repeating: 0, count: 5)
      var mixed = 0.0
      for epoch in 0..<120 {
        for index in 0..<32 {
          guard let choice = pipeline.mixing.choice(draw: SampleDraw(seed: 8, epoch: epoch, index: index), tables: tables) else { continue }
          mixed += 1
          for label in BlockDataset.shown(choice.partner) { found[label] += 1 }
        }
      }
      #expect(abs(mixed / 3840 - 0.75) < 0.035)
      for label in 0..<5 {
        let share = expected[label]
        #expect(abs(found[label] / mixed - share) <= 4.5 * max(0, share * (1 - share) / mixed).squareRoot() + 1e-9, "class \(label)")
      }
    }
  }

  @Test func aViewIsMixedInOneWayOrNotAtAll() throws {
    let pipeline = try blocks.pipeline {
      $0.mixing.cutMix = ClassMixing.Rule()
      $0.mixing.cutMix?.probability = 0.2
      $0.mixing.mixup = ClassMixing.Rule()
      $0.mixing.mixup?.probability = 0.5
    }
    let tables = try #require(pipeline.tables)
    let choices = (0..<4000).map { pipeline.mixing.choice(draw: SampleDraw(seed: 3, epoch: 0, index: $0), tables: tables)?.kind }
    #expect(abs(choices.count { $0 == .cutMix } - 800) < 120 && abs(choices.count { $0 == .mixup } - 2000) < 150)
    // Whether and with whom does not depend on anything else that is asked for.
    var other = pipeline
    other.warp.degrees = 10
    other.copyPaste = CopyPaste()
    other.copyPaste?.rareShare = 0.1
    other = try other.knowing(blocks.shownClasses, names: blocks.classes.map(\.name), sampler: SampleOrder(seed: 0, count: 32))
    for index in 0..<20 { #expect(try blocks.view(other, index).mixed == blocks.view(pipeline, index).mixed) }
  }

  @Test func viewsOfAnotherSizeAreBroughtToTheViews() {
    var view = Sample(image: RGBImage(width: 6, height: 4), labels: LabelImage(width: 6, height: 4, fill: 0))
    let partner = Sample(image: RGBImage(width: 4, height: 6, fill: .white), labels: LabelImage(width: 4, height: 6, fill: 1))
    let second = ClassMixing().mix(
      &view, with: partner, .init(kind: .mixup, share: 0.5, partner: 1, classIndex: nil),
      draw: SampleDraw(seed: 0, epoch: 0, index: 0), fill: RGBColour(100, 100, 100))
    #expect(second?.labels[3, 3] == 1 && second?.labels[4, 0] == 255)
    #expect(view.image[3, 3].red == 127 && view.image[4, 0].red == 50 && view.labels.labels == [UInt8](repeating: 0, count: 24))
  }
}
