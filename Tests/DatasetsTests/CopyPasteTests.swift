import Images
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct CopyPasteTests {
  private let blocks = BlockDataset()

  private func pipeline(_ change: (inout CopyPaste) -> Void = { _ in }) throws -> AugmentationPipeline {
    try blocks.pipeline {
      var rule = CopyPaste()
      rule.rareShare = 0.1
      rule.smallest = 20
      rule.scale = 1...1
      rule.flip = 0
      rule.probability = 1
      change(&rule)
      $0.copyPaste = rule
    }
  }

  @Test func rareClassesAreThoseOfSmallShareOrThoseNamed() throws {
    #expect(try pipeline().tables?.rare == [2, 3, 4])
    #expect(try pipeline { $0.classNames = ["rare", "wide"] }.tables?.rare == [1, 4])
    #expect(longtailError { try pipeline { $0.classNames = ["seldon"] } }?.advice?.contains("seldom") == true)
    #expect(longtailError { try pipeline { $0.rareShare = 1e-6 } }?.advice?.contains("rareShare") == true)
  }

  @Test func onlyWhatIsLackingIsPastedFromImagesThatShowIt() throws {
    let pipeline = try pipeline { $0.count = 2 }
    for epoch in 0..<20 {
      for index in 0..<32 {
        let own = try blocks.sample(split: .train, index: index)
        let view = try blocks.view(pipeline, index, epoch: epoch)
        let shown = BlockDataset.shown(index)
        #expect(view.pasted.count == min(2, 5 - shown.count) && !view.pasted.contains { shown.contains($0) })
        for place in view.labels.labels.indices {
          let colour = (view.image.pixels[3 * place], view.image.pixels[3 * place + 1])
          if colour.1 == UInt8(index) {
            // Untouched, or a cut-out of the image's own index, which there is none of.
            #expect(view.labels.labels[place] == own.labels.labels[place] && colour.0 == own.image.pixels[3 * place])
          } else {
            let label = Int(view.labels.labels[place])
            #expect(view.pasted.contains(label) && Int(colour.0) == 50 * label, "image and label come from one pixel")
            #expect(BlockDataset.shown(Int(colour.1)).contains(label))
          }
        }
        for label in view.pasted { #expect(view.labels.labels.count { Int($0) == label } <= 30) }
      }
    }
  }

  @Test(arguments: [(1, 1.0), (1, 0.4), (2, 0.6), (3, 0.5)]) func expectedFrequenciesAreMet(count: Int, probability: Double) throws {
    let pipeline = try pipeline {
      $0.count = count
      $0.probability = probability
    }
    let tables = try #require(pipeline.tables)
    let expected = try #require(pipeline.copyPaste).expectedShares(rare: tables.rare, classes: tables.partners.classes)
    #expect(expected.without == [1, 1, 0.25, 0.125, 0.0625])
    let epochs = 60
    var found = [Double](repeating: 0, count: 5)
    for epoch in 0..<epochs {
      for index in 0..<32 {
        let view = try blocks.view(pipeline, index, epoch: epoch)
        let present = view.labels.histogram()
        for label in 0..<5 where present[label] > 0 { found[label] += 1 }
      }
    }
    let views = Double(32 * epochs)
    for label in 0..<5 {
      let share = expected.with[label]
      let deviation = max(0, share * (1 - share) / views).squareRoot()
      #expect(abs(found[label] / views - share) <= 4.5 * deviation + 1e-12, "class \(label): \(found[label] / views), expected \(share)")
      if label >= 2 { #expect(share > expected.without[label] + 0.05) }
    }
    // With a sampler the same by its copies: only images of class 4, which lack nothing.
    let copies = (0..<32).map { $0 % 16 == 0 ? 16.0 : 0 }
    #expect(
      try #require(pipeline.copyPaste).expectedShares(rare: tables.rare, classes: tables.partners.classes, copies: copies).with
        == [1, 1, 1, 1, 1])
  }

  @Test func bordersAreIgnoredOnRequest() throws {
    let plain = try pipeline { $0.count = 1 }
    let bordered = try pipeline { $0.border = 2 }
    for index in 0..<32 {
      let (first, second) = try (blocks.view(plain, index), blocks.view(bordered, index))
      #expect(first.image == second.image && first.pasted == second.pasted)
      for y in 0..<24 {
        for x in 0..<32 {
          let isPasted = first.pasted.contains(Int(first.labels[x, y]))
          var isNear = false
          for row in max(0, y - 2)...min(23, y + 2) {
            for column in max(0, x - 2)...min(31, x + 2) where first.pasted.contains(Int(first.labels[column, row])) { isNear = true }
          }
          #expect(second.labels[x, y] == (isNear && !isPasted ? 255 : first.labels[x, y]))
        }
      }
    }
  }

  @Test func cutOutsAreScaledMirroredAndPlacedByTheirKeys() throws {
    let small = try pipeline {
      $0.classNames = ["rare"]
      $0.scale = 0.5...0.5
    }
    var columns = Set<Int>()
    for index in 1..<16 {
      for epoch in 0..<8 {
        let view = try blocks.view(small, index, epoch: epoch)
        let region = try #require(view.labels.regions(of: 4).first)
        // 6 x 5 halved; halves are rounded away from zero.
        #expect(region.x.count == 3 && region.y.count == 3 && region.area == 9)
        columns.insert(region.x.lowerBound)
      }
    }
    #expect(columns.count > 24, "anywhere")
    let level = try pipeline {
      $0.classNames = ["rare"]
      $0.place = .height
    }
    for index in 1..<16 { #expect(try blocks.view(level, index).labels.regions(of: 4).first?.y == 4..<9) }
    // A cut-out larger than the view is shrunk until it fits.
    let huge = try pipeline {
      $0.classNames = ["rare"]
      $0.scale = 20...20
      $0.rareShare = 1e-9
    }
    let region = try #require(try blocks.view(huge, 1).labels.regions(of: 4).first)
    #expect(region.y == 0..<24 && region.x.count == 29)
    let image = try blocks.sample(split: .train, index: 0).image
    // A ring, whose middle is none of it.
    var ring = LabelImage(width: image.width, height: image.height, fill: 0)
    for (x, y) in [(1, 0), (2, 0), (3, 0), (1, 1), (3, 1), (1, 2), (2, 2), (3, 2)] { ring[x, y] = 5 }
    var patch = ClassPatch(try #require(ring.regions(of: 5).first), of: image)
    patch.image.pixels[0] = 77
    #expect(patch.mirrored().image.pixels[6] == 77 && abs(patch.mirrored().middle.x - (1 - 2.5 / 32)) < 1e-12)
    #expect(patch.resized(to: ImageSize(width: 1, height: 1)) == patch, "nothing would be left of the region")
  }

  @Test func noRareClassIsHiddenAltogether() throws {
    // A view that is hardly larger than the cut-out: wherever it goes, it would cover the one pixel of another rare class.
    var view = Sample(image: RGBImage(width: 8, height: 6), labels: LabelImage(width: 8, height: 6, fill: 0))
    view.labels[4, 3] = 3
    let pipeline = try pipeline { $0.classNames = ["seldom", "rare"] }
    let tables = try #require(pipeline.tables)
    var (pasted, hidden) = (0, 0)
    for sample in 0..<200 {
      var copy = view
      let found = try #require(pipeline.copyPaste).paste(
        into: &copy, draw: SampleDraw(seed: 1, epoch: 0, index: sample), tables: tables,
        sample: { try blocks.annotatedImage(split: .train, index: $0) })
      pasted += found.count
      if !copy.labels.labels.contains(3) { hidden += 1 }
      if found.isEmpty { #expect(copy.image == view.image && copy.labels == view.labels) }
    }
    #expect(hidden == 0 && pasted < 200)
  }

  @Test func theBankGivesTheSameHoweverMuchItKeeps() throws {
    let (keeping, forgetting) = (PatchBank(smallest: 5), PatchBank(smallest: 5, byteCount: 0))
    var reads = 0
    for _ in 0..<3 {
      for index in [0, 8, 3] {
        func read() throws -> LabelledImage {
          reads += 1
          return try blocks.sample(split: .train, index: index)
        }
        for label in 0..<5 {
          let kept = try keeping.patches(ofClass: label, inSample: index, read: read)
          #expect(try kept == forgetting.patches(ofClass: label, inSample: index, read: read))
          #expect(kept.count == (BlockDataset.shown(index).contains(label) ? 1 : 0))
        }
      }
    }
    #expect(reads == 3 * 15 + 15)
    #expect(try PatchBank(smallest: 31).patches(ofClass: 4, inSample: 0) { try blocks.sample(split: .train, index: 0) }.isEmpty)
  }
}
