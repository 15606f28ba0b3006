import Networks
import Objectives
import Settings
import Tensors

/// The classifier is replaced by the means of the classes: a feature belongs to the class whose mean lies nearest.
///
/// Two passes over the training images for the form `centredUnit`, one for the others: sums and counts by class, in double precision, over
/// all ranks. Means of unit features are not brought to length 1 again, as published.
/// Source: Kang, Xie, Rohrbach, Yan, Gordo, Feng, Kalantidis, "Decoupling representation and classifier for long-tailed recognition", ICLR
/// 2020, section 4.1; arXiv:1910.09217.
struct NearestClassMeans: Epilogue {
  struct Settings: Section {
    var form = NearestClassMean.Form.centredUnit

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("form", &form, "features as they are, brought to length 1, or first centred by the mean of all")
    }
  }

  static let entry = EpilogueRegistry.Entry(
    "nearestClassMean", summary: "the class whose mean of training features lies nearest: NCM",
    about: "No class can be favoured by the length of its weights, because there are none. Goes over the training images.",
    source: "Kang, Xie, Rohrbach, Yan, Gordo, Feng, Kalantidis, ICLR 2020, arXiv:1910.09217", settings: Settings()
  ) { settings, _ in NearestClassMeans(form: settings.form) }

  let form: NearestClassMean.Form

  func graph(_ graph: Graph) throws -> Graph {
    let classes = graph.channels(of: try graph.value(of: .logits))
    return graph.replacingHead(
      on: try graph.value(of: .features), by: NearestMeanClassifier(classes: classes, form: form), named: "nearestMean")
  }

  func apply(_ context: EpilogueContext) throws {
    let graph = context.trained.graph
    let classes = graph.channels(of: try graph.value(of: .logits))
    let width = graph.channels(of: try graph.value(of: .features))
    var centre = [Float](repeating: 0, count: width)
    if form == .centredUnit { centre = try sums(context, classes, width) { $0 }.mean }
    let sums = try sums(context, classes, width) { NearestClassMean.prepared($0, form: form, centre: centre) }
    let means = NearestClassMean(sums, form: form, centre: centre).means.values
    for (name, values) in [("weight", means), ("centre", centre), ("isKnown", sums.counts.map { $0 > 0 ? 1 : 0 })] {
      guard let tensor = context.network.parameterTensors.first(where: { $0.name == "nearestMean.\(name)" }) else {
        throw LongtailError(.internalError, "the network that is judged has no nearest means")
      }
      try tensor.write(values, context.network.parameters)
    }
  }

  /// Sums of features by class, over all ranks.
  private func sums(
    _ context: EpilogueContext, _ classes: Int, _ width: Int, _ prepare: (DenseRows) -> DenseRows
  ) throws -> NearestClassMean.Sums {
    var sums = NearestClassMean.Sums(classCount: classes, width: width)
    try context.images.forEachBatch(of: .features, context.trained, context.numbers) { rows, labels in
      let known = labels.indices.filter { (0..<classes).contains(Int(labels[$0])) }
      sums.add(prepare(DenseRows(rows).selecting(known)), labels: known.map { labels[$0] })
    }
    try context.communicator.sum(&sums.sums)
    try context.communicator.sum(&sums.counts)
    return sums
  }
}

extension NearestClassMean.Form: Choice {}
