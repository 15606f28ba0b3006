import Datasets
import Foundation
import Images
import Models
import Networks
import Objectives
import Settings
import Tasks
import Tensors
import Training

/// A label for each image, counted in images: a task that nothing outside this file knows, and that a program registers as its own.
struct ToyTask: Task {
  static let entry = TaskEntry(
    "toy", summary: "a class for every square", scoreKinds: [ToyTally.top, ToyTally.surprise],
    datasets: [RegistryEntry("squares", summary: "drawn squares: 4 classes", about: "No files.") { _, _ in Squares() }],
    make: { images, _ in ToyTask(squares: images) }, recorded: { _, _ in ToyTask(squares: Squares()) })

  let name = "toy"
  let countUnit = CountUnit.images
  let grouping = ClassGrouping.published
  let scoreKinds = [ToyTally.top, ToyTally.surprise]
  let squares: Squares
  var dataset: any ImageDataset { squares }

  func without(_ samples: [Split: Set<Int>]) -> any Task { self }
  func makeTargets(capacity: Int, size: ImageSize) -> any Targets { RowLabels(capacity: capacity, rowsPerImage: 1) }
  func makeTally(_ context: TallyContext) -> any Tally { ToyTally(groups: context.groups, classNames: squares.classes.map(\.name)) }

  func figure(_ split: Split, index: Int, _ network: InferenceNetwork) throws -> ImageFigure {
    let image = squares.image(split, index)
    let logits = try network.forward(network.pipeline.prepared(image)).plan.logits()
    var best = [Int32](repeating: 0, count: 1)
    try best.withUnsafeMutableBufferPointer { try RowPredictor().predictions(of: logits, into: $0) }
    return ImageFigure(
      name: squares.identifier(split: split, index: index), input: image, truth: .text(squares.classes[squares.label(split, index)].name),
      prediction: .text(squares.classes[Int(best[0])].name))
  }

  /// Two convolutions, the mean over all positions, a linear layer: one row an image.
  var graph: Graph? {
    var graph = Graph(inputChannels: 3, strideMultiple: 1)
    var x = graph.add(Convolution(filters: 8, kernel: 3, padding: 1, bias: false), named: "one", to: graph.input)
    x = graph.add(BatchNormalization(rectified: true), named: "norm", to: x)
    x = graph.add(Convolution(filters: 16, kernel: 3, padding: 1), named: "two", to: x)
    x = graph.add(GlobalAveragePooling(), named: "mean", to: x)
    graph.add(Convolution(filters: squares.classes.count, kernel: 1), named: "head", to: x)
    return graph
  }
}

/// The class of an image.
struct ImageLabel: RowAnnotation {
  let label: Int32
  var byteCount: Int { 4 }
  func resized(to size: ImageSize) -> ImageLabel { self }
  func write(_ geometry: Geometry, to rows: UnsafeMutableBufferPointer<Int32>) { rows[0] = label }
}

/// Squares in the colour of their class on noise, of four classes, each less frequent than the one before.
struct Squares: ImageDataset {
  let name = "squares"
  let classes = ["red", "green", "blue", "white"].enumerated().map { ClassInfo(name: $1, colour: .distinct($0)) }
  private static let counts: [Split: [Int]] = [.train: [110, 30, 20, 8], .validation: [9, 7, 6, 5], .test: [0, 0, 0, 0]]
  private static let colours = [RGBColour(230, 40, 40), RGBColour(40, 230, 40), RGBColour(40, 40, 230), RGBColour(220, 220, 220)]

  func count(of split: Split) -> Int { Squares.counts[split]?.reduce(0, +) ?? 0 }
  func identifier(split: Split, index: Int) -> String { "square-\(index)" }
  func imageSize(split: Split, index: Int) throws -> ImageSize { ImageSize(width: 16, height: 16) }
  func fingerprint(of split: Split) throws -> [String] { ["\(Squares.counts[split] ?? [])"] }

  func label(_ split: Split, _ index: Int) -> Int {
    var rest = index
    for (label, count) in (Squares.counts[split] ?? []).enumerated() {
      if rest < count { return label }
      rest -= count
    }
    return 0
  }

  func image(_ split: Split, _ index: Int) -> RGBImage {
    let random = CounterRandom(seed: split == .train ? 1 : 2, purpose: .testing, epoch: 0, sample: index)
    var image = RGBImage(width: 16, height: 16)
    for place in image.pixels.indices { image.pixels[place] = UInt8(truncatingIfNeeded: random.integer(place, below: 256)) }
    let (x, y) = (random.integer(900, below: 8), random.integer(901, below: 8))
    image.fill(x: x..<x + 8, y: y..<y + 8, with: Squares.colours[label(split, index)])
    return image
  }

  func annotatedImage(split: Split, index: Int) throws -> AnnotatedImage {
    AnnotatedImage(image: image(split, index), annotation: ImageLabel(label: Int32(label(split, index))))
  }

  func count(split: Split, index: Int, into statistics: inout LabelStatistics) throws {
    statistics.add(
      counts: [(class: label(split, index), count: 1)], size: try imageSize(split: split, index: index),
      source: identifier(split: split, index: index))
  }
}

/// Every image with what was said of it. Ranks gather them: nothing is a sum until all are there, in the order of the split.
struct ToyTally: Tally {
  static let top = ScoreKind("top", title: "top", scopes: [.whole, .groups, .classes], rank: .main)
  static let surprise = ScoreKind("surprise", title: "surprise", direction: .smaller, unit: .number, scopes: [.whole])

  private struct Answer: Codable {
    var index: Int
    var truth: Int
    var prediction: Int
    /// Minus the logarithm of the probability of the truth.
    var surprise: Double
  }

  let groups: ClassGroups
  let classNames: [String]
  private var answers: [Answer] = []

  init(groups: ClassGroups, classNames: [String]) { (self.groups, self.classNames) = (groups, classNames) }

  mutating func add(_ batch: Batch, _ outputs: NetworkOutputs) throws {
    let logits = try outputs.rows(.logits)
    guard logits.rows == batch.imageCount else { throw LongtailError(.internalError, "\(logits.rows) rows are not one an image") }
    let scores = logits.buffer.withFloats { floats in
      (0..<batch.imageCount).map { image in classNames.indices.map { Double(floats[logits.index(image: image, row: 0, class: $0)]) } }
    }
    batch.targets.withRows { rows in
      for (image, own) in scores.enumerated() {
        let (truth, most) = (Int(rows.labels[image]), own.max() ?? 0)
        let sum = own.reduce(0) { $0 + exp($1 - most) }
        answers.append(
          Answer(
            index: batch.sampleIndices[image], truth: truth, prediction: own.firstIndex(of: most) ?? 0,
            surprise: log(sum) - (own[truth] - most)))
      }
    }
  }

  mutating func reduce(over group: any TallyGroup) throws {
    let parts = try group.gather([UInt8](JSONEncoder().encode(answers)))
    answers = try parts.flatMap { try JSONDecoder().decode([Answer].self, from: Data($0)) }.sorted { $0.index < $1.index }
  }

  func evaluation() throws -> Evaluation {
    let confusions = ConfusionCounts(
      classes: classNames.count, entries: answers.map { .init(truth: $0.truth, prediction: $0.prediction, count: 1) })
    let found = classNames.indices.map { k -> Double? in
      let own = answers.filter { $0.truth == k }
      return own.isEmpty ? nil : Double(own.count { $0.prediction == k }) / Double(own.count)
    }
    let right = answers.count { $0.truth == $0.prediction }
    var scores = [Score(ToyTally.top, answers.isEmpty ? nil : Double(right) / Double(answers.count))]
    scores += groups.names.map { Score(ToyTally.top, of: .group($0), groups.mean(of: found, group: $0).value) }
    scores.append(Score(ToyTally.surprise, answers.isEmpty ? nil : answers.reduce(0) { $0 + $1.surprise } / Double(answers.count)))
    scores += zip(classNames, found).map { Score(ToyTally.top, of: .class($0), $1) }
    return Evaluation(
      scores: scores,
      classes: classNames.indices.map { k in
        .init(count: answers.count { $0.truth == k }, predictedCount: answers.count { $0.prediction == k })
      },
      averagedClasses: found.count { $0 != nil },
      images: answers.map {
        ImageScore(index: $0.index, count: 1, correctCount: $0.truth == $0.prediction ? 1 : 0, value: exp(-$0.surprise))
      }, confusions: confusions,
      figures: [
        Figure(
          title: "Surprise", text: "Images by their surprise.", across: "image", up: "surprise",
          curves: [.init(name: "all", points: answers.map { .init(Double($0.index), $0.surprise) })])
      ])
  }
}
