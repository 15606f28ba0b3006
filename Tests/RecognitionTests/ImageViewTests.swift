import Images
import Testing

@testable import Recognition

/// Views of the images of a data set.
@Suite struct ImageViewTests {
  @Test func viewsOfADataSetAreThoseOfItsImages() throws {
    let part = try GlyphDataset.make(classCount: 3, largest: 4).part(.train)
    let size = ImageSize(width: 32, height: 32)
    let recipe = ImageAugmentation.smallImages(size, seed: 5)
    let content = try part.source.content(of: 2)
    let first = try content.view(recipe, epoch: 1, sample: 2)
    #expect(try first == recipe.view(of: content.decoded(), epoch: 1, sample: 2))
    let others = try (0..<6).map { try content.view(recipe, epoch: $0, sample: 2, view: 1).pixels }
    #expect(first.size == size && Set(others).count == 6)
    // Evaluation does not depend on epoch or view.
    let testing = ImageAugmentation.testing(ImageSize(width: 28, height: 28))
    #expect(try content.view(testing, epoch: 3, sample: 1, view: 2) == content.view(testing, epoch: 0, sample: 0))
  }
}
