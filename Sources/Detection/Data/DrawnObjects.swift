import Datasets
import Images
import Settings
import Synchronization
import Tensors

/// Drawn street scenes with boxes: the detection data that is always there. See `ObjectScenes`.
package struct DrawnObjects: DetectionDataset {
  /// The name in configurations.
  package let name = "scenes"
  /// The scenes.
  package let scenes: ObjectScenes
  private let drawn = DrawnAnnotations()

  /// Takes scenes; nothing is drawn yet.
  package init(_ scenes: ObjectScenes) { self.scenes = scenes }

  struct Settings: Section {
    var numbers = SceneNumbers(width: 256, height: 160, train: 600, validation: 150, test: 150)
    var seed = 1

    mutating func visit(_ visitor: inout some KeyVisitor) {
      numbers.visit(&visitor, smallestSide: ObjectScenes.smallestSide)
      visitor.key("seed", &seed, "what the scenes are drawn from; not the run's seed", .atLeast(0))
    }
  }

  /// Its line in the registry.
  static let entry = RegistryEntry<Void, any DetectionDataset>(
    "scenes", summary: "drawn street scenes with boxes: 10 classes, long-tailed, no files",
    about: "Cars and trees everywhere, signs seldom; each scene a function of its seed, the same on every machine.", settings: Settings()
  ) { settings, _ in DrawnObjects(try ObjectScenes(settings.numbers, seed: UInt64(settings.seed))) }

  /// The ten classes.
  package var categories: CategoryTable { ObjectScenes.categories }
  /// How many scenes a split has.
  package func count(of split: Split) -> Int { scenes.count(of: split) }
  /// `train-00012`.
  package func identifier(split: Split, index: Int) -> String { scenes.identifier(split: split, index: index) }
  /// `scene train-00012`.
  package func source(split: Split, index: Int) -> String { "scene \(identifier(split: split, index: index))" }
  /// The size of all scenes.
  package func imageSize(split: Split, index: Int) throws -> ImageSize { ImageSize(width: scenes.width, height: scenes.height) }
  /// Draws a scene.
  package func image(split: Split, index: Int) throws -> RGBImage { try scenes.image(split: split, index: index) }
  /// Everything that the scenes depend on.
  package func fingerprint(of split: Split) throws -> [String] { [scenes.fingerprint(of: split)] }

  /// The objects of a scene: draws the things alone.
  package func objects(split: Split, index: Int) throws -> BoxAnnotation {
    BoxAnnotation(
      objects: try scenes.objects(split: split, index: index).map { object in
        BoxAnnotation.Object(
          box: CornerBox(Float(object.left), Float(object.top), Float(object.right), Float(object.bottom)),
          label: Int32(object.kind.rawValue))
      }, size: ImageSize(width: scenes.width, height: scenes.height))
  }

  /// Draws the things of a whole split when it is first asked for, and keeps what they are.
  package func annotations(of split: Split) throws -> AnnotationSet { try drawn.annotations(of: split, scenes) }
}

/// The annotations of drawn splits, each drawn once.
private final class DrawnAnnotations: Sendable {
  private let sets = Mutex<[Split: AnnotationSet]>([:])

  func annotations(of split: Split, _ scenes: ObjectScenes) throws -> AnnotationSet {
    try sets.withLock { sets in
      if let found = sets[split] { return found }
      let made = try scenes.annotations(of: split)
      sets[split] = made
      return made
    }
  }
}
