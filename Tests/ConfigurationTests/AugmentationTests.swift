import Configuration
import TestSupport
import Testing

/// The keys of `data.augmentation`.
@Suite struct AugmentationTests {
  @Test func nothingNewByDefault() throws {
    let defaults = try Configuration(yaml: "").data.augmentation
    #expect(defaults.flip == 0.5 && defaults.scale == [1, 1] && defaults.crop == nil && defaults.jitter.brightness == 0)
    #expect(defaults.rotate == 0 && defaults.shear == 0 && defaults.gamma == [1, 1] && defaults.jitter.hue == 0)
    #expect(defaults.perspective == nil && defaults.gridDistortion == nil && defaults.blur == nil && defaults.noise == nil)
    #expect(defaults.policy == nil && defaults.classCrop == nil && defaults.copyPaste == nil)
    #expect(defaults.cutMix == nil && defaults.mixup == nil)
  }

  @Test func keysReadAndWrite() throws {
    let given = try Configuration(
      yaml: """
        data:
          augmentation:
            scale: [0.5, 2]
            crop: {width: 128, height: 96}
            classCrop: {chance: 0.75, pixels: 100, tries: 5, temperature: 0.02}
            rotate: 10
            shear: 0.1
            perspective: {distortion: 0.2, chance: 0.25}
            gridDistortion: {cells: 4}
            gamma: [0.8, 1.25]
            jitter: {hue: 0.05}
            blur: {deviation: [0.5, 1], chance: 0.1}
            noise: {deviation: [2, 6]}
            policy: {name: trivialAugment, chance: 0.5}
            copyPaste: {classes: [Pole, Sign], count: 2, border: 1, place: height, smallest: 30}
            cutMix: {chance: 0.25, partner: any}
            mixup: {chance: 0.25, alpha: 0.2}
        """)
    let augmentation = given.data.augmentation
    #expect(augmentation.classCrop?.pixels == 100 && augmentation.classCrop?.temperature == 0.02)
    #expect(augmentation.perspective?.distortion == 0.2 && augmentation.gridDistortion?.cells == 4)
    #expect(augmentation.gridDistortion?.strength == 0.3 && augmentation.policy?.name == .trivialAugment)
    #expect(augmentation.copyPaste?.classes == ["Pole", "Sign"] && augmentation.copyPaste?.place == .height)
    #expect(augmentation.cutMix?.partner == .any && augmentation.mixup?.partner == nil && augmentation.mixup?.alpha == 0.2)
    let back = try Configuration(yaml: given.yaml())
    #expect(back.data == given.data)
    for key in ["classCrop:", "gridDistortion:", "copyPaste:", "rareShare: 0.015", "cutMix:", "mixup:", "tries: 10"] {
      #expect(Configuration.reference.contains(key), "\(key)")
    }
  }

  @Test(arguments: [
    ("{copypaste: {}}", "did you mean `data.augmentation.copyPaste`?"), ("{copyPaste: {bank: 3}}", "data.augmentation.copyPaste.bank"),
    ("{copyPaste: {classes: []}}", "leave `copyPaste` out"), ("{copyPaste: {scale: [2, 1]}}", "swap them"),
    ("{copyPaste: {place: sky}}", "expected one of anywhere, height"), ("{rotate: 200}", "between 0.0 and 180.0"),
    ("{gamma: [1.5, 0.5]}", "swap them"), ("{gamma: [1]}", "2 elements"), ("{jitter: {hue: 0.6}}", "between 0.0 and 0.5"),
    ("{blur: {deviation: [2, 1]}}", "swap them"), ("{noise: {deviation: [-1, 1]}}", "between 0.0 and 255.0"),
    ("{classCrop: {}}", "it chooses among crops"), ("{classCrop: {tries: 0}, crop: {width: 4, height: 4}}", "between 1 and 255"),
    ("{cutMix: {chance: 0.6}, mixup: {}}", "mixed in one way or not at all"),
    ("{policy: {name: randaugment}}", "did you mean `randAugment`?"),
    ("{gridDistortion: {strength: 0.5}}", "below 0.5"), ("{perspective: {distortion: 1}}", "between 0.0 and 0.9"),
    ("{scale: [2, 1]}", "swap them"), ("{mixup: {temperature: 0}}", "greater than 0.0"),
  ])
  func mistakes(section: String, expected: String) {
    let error = longtailError { try Configuration(yaml: "data: {augmentation: \(section)}") }
    #expect(
      error?.code == .usage && "\(error?.message ?? "") \(error?.advice ?? "")".contains(expected), "\(error.map { "\($0)" } ?? "no error")"
    )
  }

  /// With a random resize whose result has a fixed size there is something to choose.
  @Test func scalesMakeCropsToo() throws {
    #expect(try Configuration(yaml: "data: {augmentation: {scale: [0.5, 2], classCrop: {}}}").data.augmentation.classCrop != nil)
  }
}
