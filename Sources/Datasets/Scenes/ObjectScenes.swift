import Images
import Tensors

/// Drawn street scenes with boxes: ten classes whose counts span about 50 : 1, without a file.
///
/// A scene is a function of (seed, split, index), the same on every machine. The things are those of the scenes for segmentation, in other
/// numbers: cars and trees everywhere, four kinds of signs seldom. Boxes lie around what is visible.
package struct ObjectScenes: Sendable {
  /// Columns of each image.
  package var width: Int { numbers.width }
  /// Rows of each image.
  package var height: Int { numbers.height }
  private let numbers: SceneNumbers
  /// The least side of an image.
  package static let smallestSide = 32
  /// What the scenes are drawn from.
  package let seed: UInt64

  /// Changes with every change of the drawing, so that cached statistics are not taken for those of other images.
  package static let revision = 1

  /// What is seldom, and how near things stand: a detector has to see them.
  static let parameters: SceneParameters = {
    var parameters = SceneParameters()
    parameters.cyclistProbability = 0.1
    parameters.boxProbability = 0.22
    parameters.signProbability = 0.2
    parameters.signDepth = 6...14
    parameters.pedestrianProbability = 0.42
    parameters.pedestrianDepth = 6...15
    parameters.cyclistDepth = 7...15
    parameters.carMaximum = 6
    parameters.treeMaximum = 4
    return parameters
  }()

  /// Describes the scenes; nothing is drawn yet.
  /// - Throws: `.usage` for sizes below 32 or above 4096 and negative counts.
  package init(
    width: Int = 256, height: Int = 160, train: Int = 600, validation: Int = 150, test: Int = 150, seed: UInt64 = 1
  ) throws {
    try self.init(SceneNumbers(width: width, height: height, train: train, validation: validation, test: test), seed: seed)
  }

  package init(_ numbers: SceneNumbers, seed: UInt64) throws {
    try numbers.check(smallestSide: ObjectScenes.smallestSide)
    (self.numbers, self.seed) = (numbers, seed)
  }

  /// How many scenes a split has.
  package func count(of split: Split) -> Int { numbers.count(of: split) }

  /// `train-00012`.
  package func identifier(split: Split, index: Int) -> String { SceneNumbers.identifier(split: split, index: index) }

  /// What stands in a scene. Draws the things alone: cheaper than the image.
  package func objects(split: Split, index: Int) throws -> [SceneObject] {
    var (painter, _) = try prepared(split, index)
    painter.paintThings()
    return painter.objects()
  }

  /// The image of a scene.
  package func image(split: Split, index: Int) throws -> RGBImage {
    var (painter, random) = try prepared(split, index)
    painter.paint()
    let exposure = SceneCanvas.Exposure(
      gain: SIMD3(random.within(0.94...1.06), random.within(0.95...1.05), random.within(0.94...1.06)) * random.within(0.82...1.12),
      lift: random.within(-0.02...0.03), noise: random.within(ObjectScenes.parameters.noise), vignette: random.within(0.1...0.5),
      key: random.key &+ 77)
    return painter.canvas.developed(exposure).image
  }

  /// Everything that the scenes of a split depend on.
  package func fingerprint(of split: Split) -> String {
    "object scenes \(ObjectScenes.revision) \(width) \(height) \(count(of: split)) \(seed)"
  }

  private func prepared(_ split: Split, _ index: Int) throws -> (ScenePainter, SceneRandom) {
    guard (0..<count(of: split)).contains(index) else {
      throw LongtailError(.internalError, "data set scenes: there is no scene \(index) in \(split.rawValue)")
    }
    // Numbers apart from those of the scenes for segmentation, so that the two share no scene.
    let number = split == .train ? 11 : (split == .validation ? 12 : 13)
    var random = SceneRandom(seed: seed, split: number, sample: index)
    let world = SceneWorld(&random, parameters: ObjectScenes.parameters)
    return (ScenePainter(world: world, width: width, height: height), random)
  }
}
