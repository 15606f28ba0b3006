import Detection
import Foundation
import Models
import Networks
import Objectives
import Settings
import Tensors
import Training

/// Takes the prior odds of classes out of a detector's trained class layer: a shift of its bias, after training.
///
/// Sigmoids get log((1 - f_k) / f_k), a softmax -log f_k for each class and nothing for background. Balanced Sigmoid with its offsets on all rows
/// is plain training with this shift at the end; what it does beyond that comes from sparing the rows of background. So this is what
/// losses with offsets are to be compared with. Cost: none.
/// Source of the odds: Ren, Yu, Cai, Zhao, Balanced Activation for long-tailed visual recognition, arXiv:2008.11037; of shifts after training:
/// Menon and others, ICLR 2021, arXiv:2007.07314.
struct RegionBiasShift: Epilogue {
  /// What f_k is a share of.
  enum Frequency: String, Choice { case images, instances }

  struct Settings: Section {
    var frequency = Frequency.instances
    var strength = 1.0

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("frequency", &frequency, "the share of a class: of the images, or of all objects")
      visitor.key("strength", &strength, "how much of the shift is added; 0 leaves the layer as it is", .between(0, 10))
    }
  }

  static let entry = EpilogueRegistry.Entry(
    "regionBiasShift", summary: "the odds of classes taken out of a detector's class layer after training",
    about: "Plain training, shifted afterwards: what losses for rare classes have to be better than.",
    source: "Ren, Yu, Cai, Zhao, 2020, arXiv:2008.11037; Menon and others, ICLR 2021, arXiv:2007.07314", settings: Settings()
  ) { settings, context in
    RegionBiasShift(settings: settings, form: try RegionObjective.form(of: context.configuration.objective.name))
  }

  let settings: Settings
  let form: RegionForm

  func apply(_ context: EpilogueContext) throws {
    let layer = try RegionClassLayer(try context.network.continuation(Continuation.regions).network)
    let classes = context.classes
    guard let instances = classes.pixelCounts, let images = classes.imageCounts, let total = classes.images else {
      throw LongtailError(.internalError, "epilogue regionBiasShift: the classes were not counted")
    }
    let shift =
      switch settings.frequency {
      case .images: self.shift(images.map(Double.init), total: Double(total))
      case .instances: self.shift(instances.map(Double.init), total: instances.reduce(0) { $0 + Double($1) })
      }
    var columns = [Double](repeating: 0, count: layer.columns)
    for (label, value) in shift.enumerated() { columns[Int(form.column(of: Int32(label)))] = settings.strength * value }
    try layer.addToBias(columns)
  }

  /// What each class gets.
  private func shift(_ counts: [Double], total: Double) -> [Double] {
    switch form {
    case .sigmoid, .sigmoidWithBackground: BalancedSigmoid.offsets(counts: counts, total: total).map { -$0 }
    case .softmax, .softmaxWithObjectness: counts.map { -log(max($0, 0.5) / max(total, 1)) }
    }
  }
}
