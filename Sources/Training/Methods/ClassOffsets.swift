import Foundation
import Networks
import Settings
import Tensors

/// A number added to each class's score, chosen on the training images so that the mean over the classes of a measure is greatest.
///
/// Training balances gradients, not overlaps: at its end a class may be called by its name too often or too rarely, and the border between
/// two scores may move either way before their IoUs get worse. The offsets become part of the last layer's bias: evaluation, prediction and
/// exports need to know nothing of them. A network that knows its training images by heart learns nothing new from them: see that
/// `longtail evaluate RUN --split train` is no better than on other images.
/// Cost: a pass over the training images, and some seconds for a million rows.
/// Source: thresholds by class for a measure of overlap are old (Lewis, SIGIR 1995, for F1); ascent one class after another is ours.
struct ClassOffsets: Epilogue {
  struct Settings: Section {
    var measure = OffsetSearch.Measure.jaccard
    var rows = 1_000_000
    var leastRows = 100
    var range = 3.0
    var strength = 1.0

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("measure", &measure, "what is averaged: intersection over union, Dice, or the share of a class that is found")
      visitor.key("rows", &rows, "pixels or images that the choice is made on, about as many of each class", .atLeast(1))
      visitor.key("leastRows", &leastRows, "classes of which fewer were chosen keep their scores", .atLeast(0))
      visitor.key("range", &range, "the greatest offset tried, either way, in steps of a sixtieth", .above(0))
      visitor.key("strength", &strength, "how much of the offsets is added; 0 leaves the layer as it is", .between(0, 10))
    }
  }

  static let entry = EpilogueRegistry.Entry(
    "classOffsets", summary: "a number added to each class's score, chosen for the mean overlap on the training images",
    about: "For networks that do not know their training images by heart, as after few epochs. Goes over the training images.",
    source: "thresholds by class: Lewis, SIGIR 1995; the search by coordinates is Longtail's", settings: Settings()
  ) { settings, _ in ClassOffsets(settings: settings) }

  let settings: Settings

  func check(_ network: Network) throws { _ = try bias(of: network) }

  func apply(_ context: EpilogueContext) throws {
    let bias = try self.bias(of: context.network)
    var sample = try ScoreSample(of: context.classes, rows: settings.rows)
    try context.images.forEachBatch(ports: [.logits], context.trained, context.numbers) { batch, outputs in
      let rows = try outputs.rows(.logits)
      try batch.targets.withRows { try sample.add(rows, labels: $0.labels, samples: batch.sampleIndices) }
    }
    try sample.shift(by: context.predictionOffsets)
    var search = OffsetSearch(sample, measure: settings.measure, range: Float(settings.range), leastRows: settings.leastRows)
    try search.run(context.communicator)
    let changed = zip(try bias.read(context.network.parameters), search.offsets).map { $0 + Float(settings.strength) * $1 }
    try bias.write(changed, context.network.parameters)
    if let before = search.before, let after = search.after {
      let numbers = search.offsets.map { String(format: "%.2f", $0) }.joined(separator: ", ")
      context.note(
        "offsets  mean \(settings.measure.title) on training images from \(percent(before)) to \(percent(after)) %, by \(numbers)")
    }
  }

  private func percent(_ share: Double) -> String { String(format: "%.2f", 100 * share) }

  /// The bias that is added to the scores last: that of the logits' own layer, or of one whose output is only resampled or added to after.
  private func bias(of network: Network) throws -> FlatTensor {
    let graph = network.graph
    var value = try graph.value(of: .logits)
    let classes = graph.channels(of: value)
    while let node = graph.nodes.first(where: { $0.output == value }) {
      if let bias = network.parameterTensors.first(where: { $0.name == "\(node.name).bias" && $0.shape == [classes] }),
        ["convolution", "linear", "transposedConvolution"].contains(node.layer.kind)
      {
        return bias
      }
      guard ["resampling", "addition"].contains(node.layer.kind), let input = node.inputs.first else { break }
      value = input
    }
    throw LongtailError(
      .usage, "epilogue classOffsets needs a last layer with a bias, which this network does not have",
      advice: "Choose a network for segmentation, or one for recognition with the head linear.")
  }
}
