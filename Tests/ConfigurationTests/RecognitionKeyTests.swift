import Configuration
import Tensors
import TestSupport
import Testing

/// The keys that recognition alone has.
@Suite struct RecognitionKeyTests {
  private func message(_ yaml: String) -> String? { longtailError { _ = try Configuration(yaml: yaml, name: "my") }?.message }

  @Test func viewsAreRead() throws {
    let configuration = try Configuration(
      yaml: """
        data:
          augmentation:
            flip: 0.25
            padAndCrop: 4
            autoAugment: true
            cutout: 16
            grey: 0.2
            blur: {chance: 0.4}
            jitter: {hue: 0.1, chance: 0.8}
            mixup: {alpha: 0.2}
            cutMix: {}
            views: 2
            furtherViews: {randomResizedCrop: {area: [0.2, 1]}, flip: 0}
          longTail: {factor: 50, seed: 3, form: step, order: reversed}
        evaluation: {shortSide: 256}
        """)
    let views = configuration.data.augmentation.views
    #expect(configuration.data.augmentation.flip == 0.25 && views.padAndCrop == 4 && views.autoAugment && views.cutout == 16)
    #expect(views.grey == 0.2 && configuration.data.augmentation.blur?.chance == 0.4)
    #expect(configuration.data.augmentation.jitter.hue == 0.1 && configuration.data.augmentation.jitter.chance == 0.8)
    #expect(configuration.data.augmentation.mixup?.alpha == 0.2 && configuration.data.augmentation.cutMix?.alpha == 1)
    #expect(views.views == 2 && views.furtherViews?.randomResizedCrop?.area == [0.2, 1] && views.furtherViews?.flip == 0)
    #expect(configuration.data.longTail?.factor == 50 && configuration.data.longTail?.form == .step)
    #expect(configuration.data.longTail?.order == .reversed && configuration.evaluation.shortSide == 256)
    #expect(try Configuration(yaml: configuration.yaml()).data == configuration.data)
  }

  @Test(arguments: [
    (
      "data: {augmentation: {padAndCrop: 4, randomResizedCrop: {}}}",
      "`data.augmentation.padAndCrop`: there is `randomResizedCrop` too, which crops already; leave one of the two out"
    ),
    (
      "data: {augmentation: {furtherViews: {}}}",
      "`data.augmentation.furtherViews`: there is one view only; set `views` to 2, or leave this out"
    ),
    (
      "data: {augmentation: {randomResizedCrop: {area: [0.9, 0.1]}}}",
      "`data.augmentation.randomResizedCrop.area`: the least, 0.9, is above the greatest, 0.1; swap them"
    ),
    ("data: {longTail: {seed: 1}}", "`data.longTail.factor`: missing; give it, such as 100, or a list"),
    (
      "data: {longTail: {list: a.txt, factor: 10}}",
      "`data.longTail.factor`: `list` says already which images there are; leave one of the two out"
    ),
  ])
  func whatDoesNotFitIsRefused(yaml: String, expected: String) { #expect(message(yaml) == "my.yaml:1: \(expected)") }

  @Test func keysOfAnotherTaskAreRefused() throws {
    let recognition = ["padAndCrop: 4", "autoAugment: true", "views: 2", "jitter: {chance: 0.5}"]
    for key in recognition {
      let configuration = try Configuration(yaml: "data: {augmentation: {\(key)}}")
      try configuration.requireKeys(ofTask: "recognition")
      let error = longtailError { try configuration.requireKeys(ofTask: "segmentation") }
      #expect(error?.code == .usage && error?.message.hasPrefix("`data.augmentation.\(key.split(separator: ":")[0])") == true)
    }
    for (yaml, key) in [
      ("data: {augmentation: {scale: [0.5, 2]}}", "data.augmentation.scale"),
      ("data: {augmentation: {crop: {width: 8, height: 8}}}", "data.augmentation.crop"),
      ("evaluation: {resolution: label}", "evaluation.resolution"), ("evaluation: {views: {flip: true}}", "evaluation.views"),
      ("groups: {head: 0.2}", "groups"),
    ] {
      let configuration = try Configuration(yaml: yaml)
      try configuration.requireKeys(ofTask: "segmentation")
      let error = longtailError { try configuration.requireKeys(ofTask: "recognition") }
      #expect(error?.message == "`\(key)` is a key of task segmentation, but the task is recognition: it would change nothing")
    }
    for task in ["segmentation", "recognition", "detection"] { try Configuration(yaml: "seed: 1").requireKeys(ofTask: task) }
  }
}
