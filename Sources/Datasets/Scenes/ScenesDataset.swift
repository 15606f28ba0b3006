import Images
import Settings
import Tensors

/// Street scenes that are drawn, not read: the data set that is always there.
///
/// Sky, houses, a road in perspective, and few small things that matter: eleven classes whose pixel counts span more than
/// 100 : 1. A sample is a function of (seed, split, index), the same on every machine. Drawing one of 192 x 128 pixels takes a
/// processor core of a server about 5 ms in a release build, in proportion to the pixels.
package struct ScenesDataset: SegmentationDataset {
  /// The name in the registry.
  package let name = "scenes"
  /// Columns of each image.
  package var width: Int { numbers.width }
  /// Rows of each image.
  package var height: Int { numbers.height }
  /// What the scenes are drawn from.
  package let seed: UInt64
  private let numbers: SceneNumbers
  private static let smallestSide = 16
  private let parameters = SceneParameters()

  /// Changes with every change of the drawing, so that cached statistics are not taken for those of other images.
  static let revision = 1

  /// The eleven classes.
  package let classes: [ClassInfo] = [
    ClassInfo(name: "Sky", colour: RGBColour(126, 176, 222)),
    ClassInfo(name: "Building", colour: RGBColour(150, 86, 72)),
    ClassInfo(name: "Road", colour: RGBColour(120, 88, 128)),
    ClassInfo(name: "Pavement", colour: RGBColour(214, 142, 196)),
    ClassInfo(name: "Vegetation", colour: RGBColour(92, 142, 60)),
    ClassInfo(name: "Car", colour: RGBColour(38, 52, 148)),
    ClassInfo(name: "Fence", colour: RGBColour(196, 160, 120)),
    ClassInfo(name: "Pole", colour: RGBColour(70, 70, 70)),
    ClassInfo(name: "Pedestrian", colour: RGBColour(226, 44, 64)),
    ClassInfo(name: "Sign", colour: RGBColour(244, 208, 36)),
    ClassInfo(name: "Cyclist", colour: RGBColour(0, 206, 190)),
  ]

  /// Numbers stand for themselves; 255 is ignored.
  package let labelMap = LabelMap(classCount: 11, ignored: [255])

  /// Describes the data set; nothing is drawn yet.
  /// - Throws: `.usage` for sizes below 16 or above 4096 and negative counts.
  package init(
    width: Int = 192, height: Int = 128, train: Int = 400, validation: Int = 100, test: Int = 100, seed: UInt64 = 1
  ) throws {
    try self.init(SceneNumbers(width: width, height: height, train: train, validation: validation, test: test), seed: seed)
  }

  private init(_ numbers: SceneNumbers, seed: UInt64) throws {
    try numbers.check(smallestSide: ScenesDataset.smallestSide)
    (self.numbers, self.seed) = (numbers, seed)
  }

  struct Settings: Section {
    var numbers = SceneNumbers(width: 192, height: 128, train: 400, validation: 100, test: 100)
    var seed = 1

    mutating func visit(_ visitor: inout some KeyVisitor) {
      numbers.visit(&visitor, smallestSide: ScenesDataset.smallestSide)
      visitor.key("seed", &seed, "what the scenes are drawn from; not the run's seed", .atLeast(0))
    }
  }

  /// Its line in the registry.
  package static let entry = DatasetEntry(
    RegistryEntry(
      "scenes", summary: "drawn street scenes: 11 classes, long-tailed, no files",
      about:
        "Sky, houses, a road in perspective, and few small things that matter; each a function of its seed, the same on every machine.",
      settings: Settings()
    ) { settings, _ in try ScenesDataset(settings.numbers, seed: UInt64(settings.seed)) })

  /// How many samples a split has.
  package func count(of split: Split) -> Int { numbers.count(of: split) }

  /// `train-00012`.
  package func identifier(split: Split, index: Int) -> String { SceneNumbers.identifier(split: split, index: index) }

  /// `scene train-00012`.
  package func labelSource(split: Split, index: Int) -> String { "scene \(identifier(split: split, index: index))" }

  /// The classes of a scene.
  package func fileLabels(split: Split, index: Int) throws -> LabelImage { try sample(split: split, index: index).labels }

  /// The size of all scenes.
  package func imageSize(split: Split, index: Int) throws -> ImageSize { ImageSize(width: width, height: height) }

  /// Draws a scene.
  package func sample(split: Split, index: Int) throws -> Sample {
    guard (0..<count(of: split)).contains(index) else {
      throw LongtailError(.internalError, "data set scenes: there is no sample \(index) in \(split.rawValue)")
    }
    let number = split == .train ? 1 : (split == .validation ? 2 : 3)
    var random = SceneRandom(seed: seed, split: number, sample: index)
    let world = SceneWorld(&random, parameters: parameters)
    var painter = ScenePainter(world: world, width: width, height: height)
    painter.paint()
    let exposure = SceneCanvas.Exposure(
      gain: SIMD3(random.within(0.94...1.06), random.within(0.95...1.05), random.within(0.94...1.06)) * random.within(0.82...1.12),
      lift: random.within(-0.02...0.03), noise: random.within(parameters.noise), vignette: random.within(0.1...0.5),
      key: random.key &+ 77)
    return painter.canvas.developed(exposure)
  }

  /// Everything that the scenes depend on.
  package func fingerprint(of split: Split) throws -> [String] {
    ["scenes \(ScenesDataset.revision) \(width) \(height) \(count(of: split)) \(seed)"]
  }
}
