import Longtail

/// How many things a picture shows: a task with a network, a tally and scores of its own.
struct Counting: Task {
  struct Settings: Section {
    var train = 96
    mutating func visit(_ visitor: inout some KeyVisitor) { visitor.key("train", &train, "training pictures", .between(8, 10_000)) }
  }

  static let entry = TaskEntry(
    "counting", summary: "how many things an image shows", scoreKinds: [CountTally.exact, CountTally.error],
    datasets: [
      RegistryEntry("dots", summary: "drawn dots: 3 classes", about: "No files.", settings: Settings()) { own, _ in Dots(train: own.train) }
    ], make: { images, _ in Counting(images: images) }, recorded: { classes, _ in Counting(images: Dots(recorded: classes)) })

  let images: Dots
  let name = "counting"
  let countUnit = CountUnit.images
  let grouping = ClassGrouping.counts(many: 40, few: 15)
  var scoreKinds: [ScoreKind] { Counting.entry.scoreKinds }
  var dataset: any ImageDataset { images }

  /// Convolutions, the mean over all positions, a linear layer: one row of logits an image.
  var graph: Graph? {
    var graph = Graph(inputChannels: 3, strideMultiple: 1)
    var x = graph.add(Convolution(filters: 12, kernel: 3, padding: 1, bias: false), named: "one", to: graph.input)
    x = graph.add(BatchNormalization(rectified: true), named: "norm", to: x)
    x = graph.add(GlobalAveragePooling(), named: "mean", to: x)
    graph.add(Convolution(filters: images.classes.count, kernel: 1), named: "head", to: x)
    return graph
  }

  func without(_ samples: [Split: Set<Int>]) -> any Task { self }
  func makeTargets(capacity: Int, size: ImageSize) -> any Targets { RowLabels(capacity: capacity, rowsPerImage: 1) }
  func makeTally(_ context: TallyContext) -> any Tally { CountTally(context.groups, images.classes.map(\.name)) }
  func figure(_ split: Split, index: Int, _ network: InferenceNetwork) throws -> ImageFigure {
    let image = images.image(split, index)
    let plan = try network.forward(network.pipeline.prepared(image)).plan
    let found = CountTally.answer(try network.outputs(of: plan).rows(.logits), image: 0)
    return ImageFigure(
      name: images.identifier(split: split, index: index), input: image, truth: .text(images.classes[images.label(index)].name),
      prediction: .text(images.classes[found].name))
  }
}

/// What was said of the images of each class: how often, which is all that its scores need.
struct CountTally: Tally {
  static let exact = ScoreKind("exact", title: "exact counts", scopes: [.whole, .groups, .classes], rank: .main)
  static let error = ScoreKind("error", title: "mean error", direction: .smaller, unit: .number, scopes: [.whole])

  private let (groups, names): (ClassGroups, [String])
  /// Images by class and answer.
  private var counts: [Int64]

  init(_ groups: ClassGroups, _ names: [String]) {
    (self.groups, self.names, counts) = (groups, names, Array(repeating: 0, count: names.count * names.count))
  }

  static func answer(_ logits: RowsView, image: Int) -> Int {
    let scores = logits.buffer.withFloats { floats in
      (0..<logits.classes).map { floats[logits.index(image: image, row: 0, class: $0)] }
    }
    return scores.indices.max { scores[$0] < scores[$1] } ?? 0
  }

  mutating func add(_ batch: Batch, _ outputs: NetworkOutputs) throws {
    let logits = try outputs.rows(.logits)
    let labels = batch.targets.withRows { $0.labels.map(Int.init) }
    for image in 0..<logits.images { counts[names.count * labels[image] + CountTally.answer(logits, image: image)] += 1 }
  }

  mutating func reduce(over group: any TallyGroup) throws { try group.sum(&counts) }

  func evaluation() throws -> Evaluation {
    let entries = counts.indices.map {
      ConfusionCounts.Entry(truth: $0 / names.count, prediction: $0 % names.count, count: counts[$0])
    }
    func sum(_ isCounted: (ConfusionCounts.Entry) -> Bool) -> Int { entries.filter(isCounted).reduce(0) { $0 + Int($1.count) } }
    let all = sum { _ in true }
    let found = names.indices.map { k -> Double? in
      let own = sum { $0.truth == k }
      return own > 0 ? Double(sum { $0.truth == k && $0.prediction == k }) / Double(own) : nil
    }
    let wrong = entries.reduce(0) { $0 + Int($1.count) * abs($1.truth - $1.prediction) }
    var scores = [Score(CountTally.exact, all > 0 ? Double(sum { $0.truth == $0.prediction }) / Double(all) : nil)]
    scores += groups.names.map { Score(CountTally.exact, of: .group($0), groups.mean(of: found, group: $0).value) }
    scores.append(Score(CountTally.error, all > 0 ? Double(wrong) / Double(all) : nil))
    scores += zip(names, found).map { Score(CountTally.exact, of: .class($0), $1) }
    return Evaluation(
      scores: scores,
      classes: names.indices.map { k in .init(count: sum { $0.truth == k }, predictedCount: sum { $0.prediction == k }) },
      averagedClasses: found.count { $0 != nil }, confusions: ConfusionCounts(classes: names.count, entries: entries))
  }
}
