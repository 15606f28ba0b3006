import Configuration
import Datasets
import Foundation
import Images
import Recognition
import Reports
import Settings
import Tasks
import Tensors
import Training

/// What `init` chooses for images with a class each and a machine, and how it writes it down.
struct ImageClassConfiguration {
  private let layout: RecognizedLayout
  private let sample: ImageSample
  private let cores: Int
  private let why: String
  /// Whether images are as small as those of CIFAR, so that nothing is cut out of them.
  private let isSmall: Bool
  /// The network's input; nil for small images that are all of one size.
  private(set) var size: ImageSize?
  private let model: String
  private let epochs: Int
  private(set) var batch: Int

  /// Chooses.
  /// - Throws: `LongtailError` when the network cannot be compiled.
  init(_ layout: RecognizedLayout, _ sample: ImageSample, processor: ProcessorFacts, memory: MemoryFacts) throws {
    (self.layout, self.sample) = (layout, sample)
    cores = max(1, processor.physicalCores)
    why = "\(Formatting.plural(cores, "core")), \(memory.usable >> 30) GiB"
    let greatest = sample.sizes?.greatest ?? ImageSize(width: 224, height: 224)
    let longest = max(greatest.width, greatest.height)
    isSmall = longest <= 64
    if isSmall {
      size = sample.sizes.map { $0.least == $0.greatest } == true ? nil : ImageSize(width: longest, height: longest)
      model = cores <= 4 ? "resnet10-small" : "resnet32"
    } else {
      let side = min(cores <= 4 ? 128 : 224, (longest + 7) / 8 * 8)
      size = ImageSize(width: side, height: side)
      model = cores <= 8 ? "resnet18" : "resnet50"
    }
    let count = sample.dataset.count(of: .train)
    batch = max(min(count, 2), min(isSmall ? 128 : 64, count / 8))
    // As many images as such a machine sees in hours, not in weeks.
    let affordable = (isSmall ? 1_000_000 : 200_000) * max(1, cores / 2)
    epochs = min(200, max(10, affordable / max(1, count)))

    // The plan knows how much memory it takes, so it is asked and not guessed at.
    while batch > 2 {
      let estimate = try MemoryEstimate(Experiment(configuration()), ranks: 1, usable: memory.usable)
      if memory.usable == 0 || estimate.total < memory.usable / 10 * 8 { break }
      batch /= 2
    }
  }

  /// What is chosen, as far as memory depends on it.
  private func configuration() throws -> Configuration {
    var configuration = Configuration()
    configuration.task = RecognitionTask.name
    configuration.data.name = layout.dataset
    configuration.data.root = layout.root
    configuration.data.settings = layout.settings.reduce(into: [:]) { $0[$1.key] = $1.value }
    configuration.data.size = size.map { Configuration.Size(width: $0.width, height: $0.height) }
    configuration.model.name = model
    configuration.training.globalBatch = batch
    configuration.evaluation.split = sample.judged.shortName
    configuration.objective.name = "balancedSoftmax"
    return configuration
  }

  /// What a person should know at once.
  var summary: String {
    "\(layout.dataset): \(sample.counts(Formatting.count)) images of \(sample.dataset.classes.count) classes\n"
      + "network \(model), input \(size.map { "\($0)" } ?? "as the images are"), batch \(batch), evaluated on \(sample.judged.shortName)"
  }

  // MARK: YAML

  /// The file.
  func text(path: String, data: String) -> String {
    var file = YAMLText(commentColumn: 38)
    file.comment("Written by longtail init for \(data)")
    file.comment("")
    file.comment("  longtail inspect \(path)    # images of some classes, counts, and what is wrong")
    file.comment("  longtail train \(path)")
    file.comment("")
    file.comment("Any key can be changed here, or on the command line: --set training.epochs=5")
    file.space()
    file.key("task", .string(RecognitionTask.name), "a class for every image")
    addData(to: &file)
    addLearning(to: &file)
    addJudging(to: &file)
    return file.text
  }

  private func addData(to file: inout YAMLText) {
    file.section("data")
    file.key("name", .string(layout.dataset), depth: 1, sample.counts(Formatting.count) + " images")
    file.key("root", .string(layout.root), depth: 1)
    if let size {
      let found = sample.sizes.map { $0.least == $0.greatest ? "images are \($0.least)" : "images are \($0.least) to \($0.greatest)" }
      file.key(
        "size", pairs: ["width": .int(size.width), "height": .int(size.height)], depth: 1,
        "what the network sees; \(found ?? "images differ"); chosen for \(why)")
    }
    file.key("badFiles", "refuse", depth: 1, "files that cannot be used end the run before it begins; skip does without them")
    if !layout.settings.isEmpty { file.key("settings", nil, depth: 1) }
    for setting in layout.settings { file.key(setting.key, setting.value, depth: 2, setting.remark) }
    file.key("augmentation", nil, depth: 1)
    file.key("flip", 0.5, depth: 2, "half of the training images are flipped left to right; 0 where left and right differ in meaning")
    if isSmall {
      let side = size?.width ?? sample.sizes?.greatest.width ?? 32
      file.key(
        "padAndCrop", .int(max(1, side / 8)), depth: 2, "a black border of this many pixels, and a random crop of the image's own size")
    } else {
      file.key("randomResizedCrop", pairs: ["area": [0.2, 1.0]], depth: 2, "a random rectangle, brought to data.size")
      file.key("jitter", pairs: ["brightness": 0.4, "contrast": 0.4, "saturation": 0.4], depth: 2, "random changes of colour")
    }
  }

  private func addLearning(to file: inout YAMLText) {
    file.section("model")
    file.key("name", .string(model), depth: 1, isSmall ? "for small images; longtail describe model lists others" : "for photographs")
    file.key("batchNorm", "synchronized", depth: 1, "over all ranks, so that their number does not matter")
    file.section("objective")
    file.key("name", "balancedSoftmax", depth: 1, "rare classes count as much as frequent ones; crossEntropy is the baseline")
    file.section("optimizer")
    file.key("name", "sgd", depth: 1)
    file.key(
      "learningRate", .double((0.1 * Double(batch) / 128 * 1e4).rounded() / 1e4), depth: 1, "in proportion to the batch: 0.1 for 128")
    file.key("momentum", 0.9, depth: 1)
    file.key("weightDecay", 5e-4, depth: 1)
    file.section("schedule")
    file.key("name", "cosine", depth: 1, "down to zero, a little in every step")
    file.key("warmup", "3 %", depth: 1, "of the run, over which the rate rises")
    file.section("training")
    file.key("epochs", .int(epochs), depth: 1, "passes over the training images")
    file.key("globalBatch", .int(batch), depth: 1, "images of a step, over all ranks together")
  }

  private func addJudging(to file: inout YAMLText) {
    let remark =
      switch sample.judged {
      case .validation: "decides between checkpoints; longtail evaluate RUN --split test scores another split"
      case .test: "there is no validation split: the best checkpoints are chosen on what is reported"
      case .train: "there is no other split: scores say nothing about new images"
      }
    file.section("evaluation")
    file.key("split", .string(sample.judged.shortName), depth: 1, remark)
    file.key("every", .int(max(1, epochs / 20)), depth: 1, "epochs from one evaluation to the next")
    file.key("batch", 64, depth: 1)
    if let size, !isSmall {
      file.key(
        "shortSide", .int((min(size.width, size.height) * 8 + 3) / 7), depth: 1,
        "the shorter side of an image, before the middle of data.size is cut out")
    }
    file.section("checkpoint")
    file.key("best", ["accuracy", "balancedAccuracy"], depth: 1, "beside the newest ones, the best by these are kept")
    file.space()
    addClasses(to: &file)
  }

  /// The classes with their training images, the frequent ones first.
  private func addClasses(to file: inout YAMLText) {
    let counts = sample.dataset.classCounts(of: .train)
    let order = counts.indices.sorted { (-counts[$0], $0) < (-counts[$1], $1) }
    let listed = order.prefix(40)
    file.comment("Classes by their training images; many above 100, few below 20:")
    var line = " "
    for (place, index) in listed.enumerated() {
      let entry = " \(sample.dataset.classes[index]) \(Formatting.count(counts[index]))\(place + 1 < listed.count ? "," : "")"
      if line.count + entry.count > 116 {
        file.comment(line)
        line = " "
      }
      line += entry
    }
    file.comment(line)
    if order.count > listed.count { file.comment("  and \(order.count - listed.count) more") }
  }
}
