import Configuration
import Detection
import Models
import Networks
import Objectives
import Settings
import Tensors
import Training

/// The step of Faster R-CNN: both stages at once, from one batch.
///
/// | term | rows | loss |
/// |---|---|---|
/// | `objective` | regions drawn from proposals and objects | the configuration's, over classes and background |
/// | `regionBoxes` | those of objects | smooth L1, over the number of all regions |
/// | `objectness` | drawn anchors | binary cross-entropy, their mean |
/// | `anchorBoxes` | positive ones | smooth L1, over the number of all drawn anchors |
///
/// All denominators are those of the global batch, and what is drawn is a function of seed, epoch and sample.
/// Source: Ren, He, Girshick, Sun, "Faster R-CNN", NeurIPS 2015, trained jointly; numbers as in torchvision.
package struct FasterRCNNMethod: Method {
  /// What is trained.
  package enum Trained: String, CaseIterable, Choice {
    /// Both stages.
    case everything
    /// The class layer of the second stage alone, on boxes and features that stay: the decoupled stage.
    case classLayer
  }

  struct Settings: Section {
    var trains = Trained.everything

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key(
        "trains", &trains, "everything, or the class layer alone: then batch norm is frozen, and start.except leaves the layer out")
    }
  }

  /// The name in configurations.
  package static let name = "fasterRCNN"
  private let options: FasterRCNNOptions
  private let form: RegionForm
  private let trains: Trained

  /// For detectors of these settings, with a class layer of this form.
  package init(_ options: FasterRCNNOptions, form: RegionForm, trains: Trained = .everything) {
    (self.options, self.form, self.trains) = (options, form, trains)
  }

  /// The network; with frozen statistics where only the class layer is trained.
  package func graph(_ graph: Graph) -> Graph { trains == .everything ? graph : graph.freezingBatchNormalization() }

  /// What the configuration says, or the class layer.
  package func trained(_ graph: Graph) -> [String]? { trains == .everything ? nil : ["roi_heads.box_predictor.cls_score.*"] }

  static let entry = MethodRegistry.Entry(
    "fasterRCNN", summary: "both stages of Faster R-CNN at once; the method of task detection",
    about:
      "Anchors and proposals of each image are matched with its objects and drawn; the objective is measured over the drawn proposals.",
    source: "Ren, He, Girshick, Sun, NeurIPS 2015, arXiv:1506.01497", settings: Settings()
  ) { settings, context in
    let model = context.configuration.model
    return FasterRCNNMethod(
      try FasterRCNNOptions.reading(model.settings, ofModel: model.name),
      form: try RegionObjective.form(of: context.configuration.objective.name), trains: settings.trains)
  }

  /// Both stages, and the four terms.
  /// - Throws: `LongtailError` for a network that is no such detector.
  package func parts(_ setup: MethodSetup) throws -> StepParts {
    guard let second = setup.student.continuations.first(where: { $0.name == Continuation.regions }) else {
      throw LongtailError(
        .usage, "method \(FasterRCNNMethod.name) trains detectors, and model '\(setup.configuration.model.name)' is none",
        advice: "Set model.name to one of \(FasterRCNNOptions.modelName)-resnet18 to -resnet101.")
    }
    let codes = second.network.graph.channels(of: try second.network.graph.value(of: .regionCodes))
    let detector = Detector(options, classes: codes / 4 - 1, form: form)
    let link = try RegionLink(detector, seed: setup.seed, input: (setup.width, setup.height))
    func regions(_ port: Port) -> PortPlace { PortPlace(network: Continuation.regions, port: port.name) }
    return StepParts(
      chain: [ChainedNetwork(second, behind: link)],
      terms: [
        RegionTerm("objective", setup.objective, at: regions(.logits), regions: link.regions),
        RegionBoxTerm("regionBoxes", at: regions(.regionCodes), targets: link.regions, columns: detector.codeColumns),
        ObjectnessTerm("objectness", at: [PortPlace(port: Port.objectness.name)], targets: link.anchors),
        AnchorBoxTerm("anchorBoxes", at: [PortPlace(port: Port.anchorCodes.name)], targets: link.anchors),
      ])
  }
}
