import Tensors

extension Configuration {
  /// Refuses keys that are for another task: they would change nothing.
  /// - Parameter task: the name of the run's task.
  /// - Throws: `.usage` naming the first such key.
  package func requireKeys(ofTask task: String) throws {
    let ofSegmentation = keysOfSegmentation.map { ForeignKey(key: $0.key, instead: $0.instead, task: "segmentation") }
    let ofRecognition = keysOfRecognition.map { ForeignKey(key: $0.key, instead: nil, task: "recognition") }
    // Crops of a scaled image fit a detector's canvas too.
    let crops = ["data.augmentation.scale", "data.augmentation.crop"]
    let foreign =
      switch task {
      case "segmentation": ofRecognition
      case "recognition": ofSegmentation
      case "detection": ofRecognition + ofSegmentation.filter { !crops.contains($0.key) }
      // Another task groups its classes by shares where it says nothing else, and varies its images in the usual way.
      default: ofRecognition + ofSegmentation.filter { $0.key.hasPrefix("evaluation.") }
      }
    guard let first = foreign.first else { return }
    throw LongtailError(
      .usage, "`\(first.key)` is a key of task \(first.task), but the task is \(task): it would change nothing",
      advice: task == "recognition" ? first.instead.map { "\($0)." } ?? "Leave it out." : "Leave it out.")
  }

  /// A key that another task has.
  private struct ForeignKey {
    var key: String
    /// What recognition has in its place.
    var instead: String?
    var task: String
  }

  /// Keys that mean nothing to segmentation, where they are given.
  private var keysOfRecognition: [(key: String, instead: String?)] {
    let augmentation = data.augmentation
    let given: [(String, Bool)] =
      augmentation.views.givenKeys.map { ("data.augmentation.\($0)", true) }
      + [
        ("data.augmentation.jitter.chance", augmentation.jitter.chance != 1),
        ("data.longTail", data.longTail != nil), ("evaluation.shortSide", evaluation.shortSide != nil),
      ]
    return given.filter(\.1).map { ($0.0, nil) }
  }

  /// Keys that mean nothing to recognition, where they are given.
  private var keysOfSegmentation: [(key: String, instead: String?)] {
    let augmentation = data.augmentation
    let given: [(String, Bool, String?)] = [
      ("data.augmentation.scale", augmentation.scale != [1, 1], "Recognition has data.augmentation.randomResizedCrop"),
      ("data.augmentation.crop", augmentation.crop != nil, "Recognition has data.augmentation.padAndCrop and randomResizedCrop"),
      ("data.augmentation.classCrop", augmentation.classCrop != nil, nil),
      ("data.augmentation.copyPaste", augmentation.copyPaste != nil, nil),
      ("data.augmentation.rotate", augmentation.rotate != 0, nil), ("data.augmentation.shear", augmentation.shear != 0, nil),
      ("data.augmentation.perspective", augmentation.perspective != nil, nil),
      ("data.augmentation.gridDistortion", augmentation.gridDistortion != nil, nil),
      ("data.augmentation.gamma", augmentation.gamma != [1, 1], nil), ("data.augmentation.noise", augmentation.noise != nil, nil),
      ("data.augmentation.policy", augmentation.policy != nil, "Recognition has data.augmentation.autoAugment"),
      (
        "data.augmentation.mixup.partner",
        [augmentation.mixup, augmentation.cutMix].contains { $0?.partner != nil || $0?.temperature != nil },
        "Recognition mixes images of one global batch"
      ),
      ("evaluation.resolution", evaluation.resolution != .network, nil), ("evaluation.views", !evaluation.views.isPlain, nil),
      ("evaluation.decision", evaluation.decision != Decision(), nil),
      ("groups", groups != Groups(), "Classes are grouped by their training images: many above 100, few below 20"),
    ]
    return given.filter(\.1).map { ($0.0, $0.2) }
  }
}
