import Configuration
import Datasets
import Images
import Tensors

extension RecognitionTask {
  /// Opens the data set that a configuration names, divides it and takes its long-tailed part, as the configuration says.
  /// - Throws: `.usage` for unknown names and keys of other tasks; what the data set throws while its files are listed.
  package static func open(_ configuration: Configuration) throws -> RecognitionTask {
    try check(configuration)
    let data = configuration.data
    var images = try RecognitionDatasets.open(data.name, settings: data.registrySettings)
    if let rule = data.split { images = try images.divided(rule) }
    if let longTail = data.longTail { images = try images.longTailed(longTail) }
    return RecognitionTask(images, configuration)
  }

  /// Refuses what no data set can help with, without reading files.
  /// - Throws: `.usage`.
  package static func check(_ configuration: Configuration) throws {
    try configuration.requireKeys(ofTask: name)
    try RecognitionDatasets.check(configuration.data.name, settings: configuration.data.registrySettings)
  }

  /// The task without its images, whose classes are those of a checkpoint.
  package static func recorded(_ configuration: Configuration, classes: [ClassInfo]) -> RecognitionTask {
    RecognitionTask(LabelledImages(recorded: classes.map(\.name)), configuration)
  }
}

extension LabelledImages {
  /// The same data set, its training images divided into training and validation.
  /// - Throws: `.usage` where there are validation images already, and for a division that is not possible.
  package func divided(_ rule: Configuration.Division) throws -> LabelledImages {
    guard parts[.validation] == nil else {
      throw LongtailError(
        .usage, "data.split divides the training images, but data set \(name) has \(count(of: .validation)) validation images of its own",
        advice: "Leave data.split out, or the settings that name validation images.")
    }
    let train = try part(.train)
    let division: SampleDivision
    if let trainList = rule.trainList, let validationList = rule.validationList {
      division = try SampleDivision(samples: train.names, trainList: trainList, validationList: validationList)
    } else {
      division = try SampleDivision(
        samples: train.names, rule: rule.folds.map { .fold(rule.fold ?? 0, of: $0) } ?? .share(rule.validation ?? 0.2),
        groupBy: rule.groupBy,
        classes: rule.stratified ? SampleClasses(labels: train.labels.map(Int.init), classCount: classes.count) : nil,
        seed: UInt64(bitPattern: Int64(rule.seed)))
    }
    return replacing(.train, with: train.selecting(division.train)).replacing(.validation, with: train.selecting(division.validation))
  }

  /// The same data set with the part of its training images that a configuration describes.
  /// - Throws: `.usage` and `.badData` for a rule or a list that does not fit, `.missingInput` for a list that is not there.
  package func longTailed(_ subset: Configuration.LongTailedSubset) throws -> LabelledImages {
    if let list = subset.list {
      let names = try TrainingSubset(text: ListedImages.text(list), file: list)
      return replacing(.train, with: try names.selecting(from: part(.train), file: list))
    }
    let form: LongTail.Form =
      switch subset.form {
      case .exponential: .exponential
      case .step: .step
      }
    let order: LongTail.Order =
      switch subset.order {
      case .index: .index
      case .reversed: .reversed
      case .seed: .seed
      }
    return try longTailed(LongTail(factor: subset.factor ?? 1, seed: UInt64(bitPattern: Int64(subset.seed)), form: form, order: order))
  }
}
