import Configuration
import Datasets
import Images
import Networks
import Tasks
import Tensors
import TestSupport
import Testing

@testable import Recognition

/// The task: opened by a configuration, its parts of the data, its views, its pictures.
@Suite(.computePool) struct RecognitionTaskTests {
  private static let glyphs = "data: {name: glyphs, settings: {classes: 6, imbalance: 20, largest: 40, validation: 4, test: 3}"

  private func task(_ more: String = "}", name: String = glyphs) throws -> RecognitionTask {
    try RecognitionTask.open(try Configuration(yaml: name + more))
  }

  /// One convolution, the mean over all positions, a linear layer.
  private func network(classes: Int, side: Int) throws -> Network {
    var graph = Graph(inputChannels: 3, strideMultiple: 1)
    let features = graph.add(Convolution(filters: 8, kernel: 3, padding: 1), named: "one", to: graph.input)
    let mean = graph.add(GlobalAveragePooling(), named: "mean", to: features)
    graph.add(Convolution(filters: classes, kernel: 1), named: "head", to: mean)
    return try Network(graph: graph, images: 1, height: side, width: side, seed: 3, options: PlanOptions(algorithms: .fixed(.direct)))
  }

  @Test func theDataSetIsThatOfTheConfiguration() throws {
    let task = try task()
    #expect(task.name == "recognition" && task.countUnit == .images && task.grouping == .published)
    #expect(task.dataset.classes.count == 6 && task.dataset.count(of: .validation) == 24)
    #expect(task.scoreTable(groups: task.groupNames).main?.name == "accuracy")
    let audit = try LabelAudit.run(task.dataset, split: .train, threads: 2)
    #expect(audit.statistics.pixels == task.images.images.classCounts(of: .train) && audit.statistics.pixels[0] == 40)
    #expect(audit.statistics.images == audit.statistics.pixels)
    try task.requireTrainable(audit.statistics)
    let sample = try task.dataset.annotatedImage(split: .test, index: 4)
    #expect(sample.image.size == ImageSize(width: 32, height: 32) && (sample.annotation as? ImageClass)?.label == 1)
    // Without some images the others keep their order.
    let less = task.without([.validation: [0, 5]]).dataset
    #expect(
      less.count(of: .validation) == 22
        && less.identifier(split: .validation, index: 0) == task.dataset.identifier(split: .validation, index: 1))
    #expect(try less.digest(of: .validation) != task.dataset.digest(of: .validation))
  }

  @Test func trainingImagesAreDividedAndMadeLongTailed() throws {
    let balanced = "data: {name: glyphs, settings: {classes: 6, imbalance: 1, largest: 40, validation: 0, test: 3}"
    let task = try task(", split: {validation: 0.25, seed: 2}, longTail: {factor: 10, seed: 1}}", name: balanced)
    #expect(task.images.images.classCounts(of: .validation) == [Int](repeating: 10, count: 6))
    // From the 30 images of each class that are left.
    #expect(task.images.images.classCounts(of: .train) == [30, 18, 11, 7, 4, 3])
    let names = Set(try task.images.images.part(.train).names)
    #expect(names.isDisjoint(with: try task.images.images.part(.validation).names))
    let reversed = try self.task(", split: {validation: 0.25, seed: 2}, longTail: {factor: 10, seed: 1, order: reversed}}", name: balanced)
    #expect(reversed.images.images.classCounts(of: .train) == [3, 4, 7, 11, 18, 30])

    // The list that a run stores makes the same part.
    try withTemporaryDirectory { directory in
      let subset = try TrainingSubset(task.images.images.part(.train))
      try TestFiles.write(subset.text, to: "\(directory)/subset.txt")
      let again = try self.task(", split: {validation: 0.25, seed: 2}, longTail: {list: \(directory)/subset.txt}}", name: balanced)
      #expect(try again.dataset.digest(of: .train) == task.dataset.digest(of: .train))
      // Of another division some of its images are not for training.
      let error = longtailError {
        _ = try self.task(", split: {validation: 0.25, seed: 3}, longTail: {list: \(directory)/subset.txt}}", name: balanced)
      }
      #expect(error?.code == .badData && error?.message.contains("is not among the training images") == true)
    }
    #expect(longtailError { _ = try self.task(", split: {validation: 0.5}}") }?.message.contains("validation images of its own") == true)
  }

  @Test func keysOfOthersAreRefused() {
    #expect(longtailError { _ = try self.task(", augmentation: {scale: [0.5, 2]}}") }?.message.contains("task segmentation") == true)
    #expect(longtailError { _ = try self.task("}", name: "data: {name: glyhps") }?.advice?.contains("glyphs") == true)
    #expect(
      longtailError { _ = try self.task("}", name: "data: {name: glyphs, settings: {clases: 3}") }?.message.contains("clases") == true)
  }

  private func pipelines(_ yaml: String) throws -> InputPipelines {
    try RecognitionTask(LabelledImages(recorded: ["a", "b"]), try Configuration(yaml: yaml))
      .pipelines(InputPipelines(training: AugmentationPipeline(), evaluation: AugmentationPipeline()))
  }

  @Test func publishedRecipesAreWhatTheirKeysSay() throws {
    let small = ImageSize(width: 32, height: 32)
    let cifar = try pipelines("{seed: 4, data: {augmentation: {padAndCrop: 4, autoAugment: true, cutout: 16}}}")
    let training = try #require(cifar.training as? RecognitionInput)
    let steps = training.views[0].augmentation(for: small, seed: 4)
    var image = RGBImage(width: 32, height: 32)
    for place in image.pixels.indices { image.pixels[place] = UInt8(truncatingIfNeeded: place * 37 / 5) }
    // The steps of the recipe, in its order; what does nothing lies between.
    let recipe = ImageAugmentation.smallImages(small, seed: 4)
    #expect(steps.steps.filter { step in recipe.steps.contains { $0 == step } } == recipe.steps)
    #expect(steps.steps.count == recipe.steps.count + 3)
    #expect(steps.fixedOutputSize == small && training.fixedOutputSize == nil && training.viewCount == 1)
    #expect((cifar.evaluation as? RecognitionInput)?.views == [ViewSteps(size: nil)])

    let photographs = try pipelines(
      "data: {size: {width: 224, height: 224}, augmentation: {randomResizedCrop: {}, jitter: {brightness: 0.4, contrast: 0.4, saturation: 0.4}}}"
    )
    let evaluation = try #require(photographs.evaluation as? RecognitionInput)
    #expect(evaluation.views == [ViewSteps(size: ImageSize(width: 224, height: 224), frame: .shortSide(256))])
    #expect(evaluation.normalization == .imageNet && photographs.training.fixedOutputSize == ImageSize(width: 224, height: 224))

    let two = try pipelines(
      "data: {size: {width: 32, height: 32}, augmentation: {padAndCrop: 4, mixup: {alpha: 0.2}, cutMix: {}, views: 3, furtherViews: {randomResizedCrop: {}}}}"
    )
    let views = try #require(two.training as? RecognitionInput)
    #expect(views.viewCount == 3 && views.views[1] == views.views[2] && views.views[1].takesParts && !views.views[0].takesParts)
    #expect(views.mixing?.kinds == [Mixing(.mixup, shape: 0.2), Mixing(.cutMix)])
    #expect((two.evaluation as? RecognitionInput)?.mixing == nil && two.evaluation.viewCount == 1)
  }

  @Test func sizesThatCannotWorkAreRefused() throws {
    #expect(try pipelines("data: {augmentation: {randomResizedCrop: {}}}").training.fixedOutputSize == nil)
    let tiny = try pipelines("data: {size: {width: 32, height: 32}, augmentation: {randomResizedCrop: {}}}").evaluation
    #expect((tiny as? RecognitionInput)?.views == [ViewSteps(size: ImageSize(width: 32, height: 32))])
    #expect(longtailError { _ = try pipelines("evaluation: {shortSide: 256}") }?.message.contains("evaluation.shortSide needs") == true)
    let small = longtailError { _ = try pipelines("{data: {size: {width: 224, height: 224}}, evaluation: {shortSide: 128}}") }
    #expect(small?.advice == "Make it at least 224, or leave it out.")
  }

  @Test func aNetworkHasToGiveOneRow() throws {
    let task = try task()
    try task.requireNetwork(network(classes: 6, side: 32).graph)
    var pixels = Graph(inputChannels: 3, strideMultiple: 1)
    pixels.add(Convolution(filters: 6, kernel: 3, padding: 1), named: "one", to: pixels.input)
    #expect(longtailError { try task.requireNetwork(pixels) }?.message.contains("one row for the whole") == true)
  }

  @Test func theShowcaseHasTheRarestClasses() throws {
    let task = try task()
    let groups = ClassGroups(counts: task.images.images.classCounts(of: .train).map(Int64.init), moreThan: 100, fewerThan: 20)
    let labels = try task.images.images.part(.test).labels
    let four = try task.showcase(.test, groups: groups, count: 4)
    #expect(Set(four.map { labels[$0] }) == [2, 3, 4, 5] && four == four.sorted())
    let many = try task.showcase(.test, groups: groups, count: 10)
    #expect(Set(many).count == 10 && many.count { labels[$0] == 5 } == 2)
    #expect(try task.showcase(.test, groups: groups, count: 100).sorted() == Array(0..<18))
    #expect(try task.showcase(.test, groups: groups, count: 0).isEmpty)
  }

  @Test func aFigureShowsWhatTheNetworkSays() throws {
    let task = try task()
    let network = try network(classes: 6, side: 32)
    let pipelines = try task.pipelines(InputPipelines(training: AugmentationPipeline(), evaluation: AugmentationPipeline()))
    let names = task.images.images.classes
    var inference = InferenceNetwork(network, pipeline: pipelines.evaluation, classNames: names)
    let figure = try task.figure(.test, index: 7, inference)
    #expect(figure.input.width == 192 && figure.name == task.dataset.identifier(split: .test, index: 7))
    guard case .text(let truth) = figure.truth, case .text(let prediction) = figure.prediction else { throw CancellationError() }
    #expect(truth == names[2] && prediction.split(separator: "\n").count == 3)
    // Offsets of the objective count: one that is large decides.
    inference.offsets = [0, 0, 0, 1000, 0, 0]
    let image = try task.dataset.annotatedImage(split: .test, index: 7).image
    let top = try Recognizer(inference).likeliest(of: image, count: 2)
    #expect(
      top.candidates.first?.label == 3 && top.lines(classNames: names) == ["\(names[3]) 100 %", "\(names[top.candidates[1].label]) 0.0 %"])
  }

  @Test func remarksNameClassesThatAreMissing() throws {
    let task = try task()
    var training = LabelStatistics(classCount: 6)
    var evaluated = training
    for k in 0..<6 {
      let size = ImageSize(width: 1, height: 1)
      if k != 2 { training.add(counts: [(class: k, count: 3)], size: size, source: "t") }
      if k > 1 { evaluated.add(counts: [(class: k, count: 3)], size: size, source: "v") }
    }
    let remarks = task.remarks(training: training, evaluated: evaluated, split: .validation)
    #expect(
      remarks == [
        "class 'glyph 2': no training image, so that none in val can be found",
        "2 classes, such as 'glyph 0': no image in val, so that it is in no mean",
      ])
    var one = LabelStatistics(classCount: 6)
    one.add(counts: [(class: 4, count: 9)], size: ImageSize(width: 1, height: 1), source: "t")
    #expect(longtailError { try task.requireTrainable(one) }?.message.contains("all training images are of class 'glyph 4'") == true)
    #expect(longtailError { try task.requireJudgeable(LabelStatistics(classCount: 6), split: .test) } == nil)
  }
}
