import Images
import Tensors

/// What augmentation for rare classes knows of the training samples: made once, when these are counted, the same on every rank.
package struct ClassTables: Sendable, Equatable {
  /// The class that a sample's crop shows.
  package let crop: ClassDraw
  /// Partners of CutMix.
  package let cutMix: ClassDraw
  /// Partners of mixup.
  package let mixup: ClassDraw
  /// All classes alike, each with all samples that show it.
  package let partners: ClassDraw
  /// The classes that are pasted, in order.
  package let rare: [Int]
  /// Their cut-outs.
  package let bank: PatchBank
}

extension AugmentationPipeline {
  /// Whether the classes of each training sample have to be counted before the first batch.
  public var needsClasses: Bool { classCrop != nil || copyPaste != nil || mixing != ClassMixing() }

  /// The keys of `data.augmentation` that are asked for beyond flip, scale, crop and jitter.
  package var furtherKeys: [String] {
    let keys = [
      ("classCrop", classCrop != nil), ("rotate", warp.degrees > 0), ("shear", warp.shear > 0), ("perspective", warp.perspective != nil),
      ("gridDistortion", warp.grid != nil), ("gamma", tones.gamma != nil), ("hue", tones.hue > 0), ("blur", tones.blur != nil),
      ("noise", tones.noise != nil), ("policy", policy != nil), ("copyPaste", copyPaste != nil), ("cutMix", mixing.cutMix != nil),
      ("mixup", mixing.mixup != nil),
    ]
    return keys.filter(\.1).map(\.0)
  }

  /// Whether only what was there from the beginning is asked for: resize, scale, crop, flip, jitter.
  package var isPlain: Bool { furtherKeys.isEmpty }

  /// The pipeline with what it has to know of the training samples, where it has to know anything.
  /// - Parameters:
  ///   - classes: the classes of each training sample, in the order of its indices.
  ///   - names: of the classes.
  ///   - sampler: the run's: where it draws class-first, crops and partners follow its chances unless they have their own.
  /// - Throws: `.usage` for classes that there are not, `.badData` where no sample has a class.
  package func knowing(_ classes: SampleClasses, names: [String], sampler: any Sampler) throws -> AugmentationPipeline {
    guard needsClasses else { return self }
    try ClassWeighting.requireClasses(classes.sampleCounts)
    let alike = ClassDraw(alike: classes)
    func draw(_ temperature: Double?) -> ClassDraw {
      temperature.map { ClassDraw(temperature: $0, classes: classes) } ?? sampler.classDraw ?? alike
    }
    var result = self
    result.tables = ClassTables(
      crop: draw(classCrop?.temperature), cutMix: draw(mixing.cutMix?.temperature), mixup: draw(mixing.mixup?.temperature),
      partners: alike, rare: try copyPaste?.rareClasses(classes, names: names) ?? [],
      bank: PatchBank(smallest: copyPaste?.smallest ?? 1))
    if let copyPaste, result.tables?.rare.isEmpty ?? true {
      throw LongtailError(
        .usage,
        "data.augmentation.copyPaste has nothing to paste: no class of the training samples has a share below \(copyPaste.rareShare)",
        advice: "Name classes with data.augmentation.copyPaste.classes, or raise rareShare.")
    }
    return result
  }
}
