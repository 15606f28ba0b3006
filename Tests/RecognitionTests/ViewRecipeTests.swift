import Images
import Testing

@testable import Recognition

@Suite struct ViewRecipeTests {
  private let size = ImageSize(width: 224, height: 224)

  @Test func recipesAreValidAndOfTheirSize() throws {
    let small = ImageSize(width: 32, height: 32)
    for recipe in [ViewRecipes.small(small, seed: 1), ViewRecipes.small(small, strong: true, seed: 1)] {
      try recipe.validate()
      #expect(recipe.fixedOutputSize == small)
    }
    for recipe in [
      ViewRecipes.photographs(size, seed: 1), ViewRecipes.photographs(size, jitter: nil, seed: 1), ViewRecipes.contrast(size, seed: 1),
      ViewRecipes.testing(size),
    ] {
      try recipe.validate()
      #expect(recipe.fixedOutputSize == size)
    }
    #expect(ViewRecipes.small(small, seed: 1).steps.first == .padAndCrop(PadAndCrop(size: small, padding: 4)))
    #expect(ViewRecipes.small(small, strong: true, seed: 1).steps.last == .cutout(Cutout(length: 16)))
    #expect(ViewRecipes.testing(size).steps == [.resizeShortSide(256), .centreCrop(size)])
    #expect(ViewRecipes.testing(small).steps.first == .resizeShortSide(37))
  }

  @Test func viewsOfADataSetAreThoseOfItsImages() throws {
    let part = try GlyphDataset.make(classCount: 3, largest: 4).part(.train)
    let recipe = ViewRecipes.small(ImageSize(width: 32, height: 32), strong: true, seed: 5)
    let content = try part.source.content(of: 2)
    let first = try content.view(recipe, epoch: 1, sample: 2)
    #expect(try first == recipe.view(of: content.decoded(), epoch: 1, sample: 2))
    let others = try (0..<6).map { try content.view(recipe, epoch: $0, sample: 2, view: 1).pixels }
    #expect(first.size == ImageSize(width: 32, height: 32) && Set(others).count == 6)
    // Evaluation does not depend on epoch or view.
    let testing = ViewRecipes.testing(ImageSize(width: 28, height: 28))
    #expect(try content.view(testing, epoch: 3, sample: 1, view: 2) == content.view(testing, epoch: 0, sample: 0))
  }
}
