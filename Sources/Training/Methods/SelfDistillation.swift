import Networks
import Objectives
import Settings
import Tensors

/// The third stage of Self Supervision to Distillation: a new student with two classifiers on one feature, one for labels, one for a
/// teacher.
///
///     L = objective(hard scores) + weight T^2 KL(softmax(teacher / T) || softmax(soft scores / T))
///
/// The soft scores are the port `logits`, by which the network is judged. The teacher, the only one of `partners`, is the network of the
/// second stage. Temperature 2 and weight 1 in print.
/// Source: Li, Wang, Wu, "Self supervision to distillation for long-tailed visual recognition", ICCV 2021, arXiv:2109.04075.
struct SelfDistillation: Method {
  struct Settings: Section {
    var weight = 1.0
    var temperature = 2.0
    var hardPort = "logits.1"

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("weight", &weight, "what the teacher counts beside the objective", .atLeast(0), .finite)
      visitor.key("temperature", &temperature, "what scores are divided by before they are compared", .above(0), .finite)
      visitor.key("hardPort", &hardPort, "scores of the classifier that learns from labels", .notEmpty)
    }
  }

  static let entry = MethodRegistry.Entry(
    "selfDistillation", summary: "one classifier learns from labels, the other from a balanced teacher: stage three of SSD-LT",
    about: "A new network learns the scores of the stage before, which all classes shaped alike. Needs a model with a further head.",
    source: "Li, Wang, Wu, ICCV 2021, arXiv:2109.04075", settings: Settings()
  ) { settings, _ in SelfDistillation(settings: settings) }

  let settings: Settings

  func parts(_ setup: MethodSetup) throws -> StepParts {
    guard setup.partners.count == 1, let teacher = setup.partners.first else {
      throw LongtailError(
        .usage, "method selfDistillation has \(setup.partners.count) teachers, but needs one",
        advice: "Give partners: [{name: teacher, stage: ...}].")
    }
    let (soft, hard) = (Port.logits, Port(settings.hardPort))
    let scores = PortPlace(network: teacher.name, port: Port.logits.name)
    func width(_ network: Network, _ port: Port) throws -> Int { network.graph.channels(of: try network.graph.value(of: port)) }
    let (own, hardWidth, other) = (
      try width(setup.student, soft), try width(setup.student, hard), try width(teacher.network, .logits)
    )
    guard own == other, own == hardWidth, hard != soft else {
      throw LongtailError(
        .usage, "the classifiers of a student and its teacher have \(own), \(hardWidth) and \(other) classes at '\(soft)' and '\(hard)'",
        advice: "Give the student model.settings.furtherHeads: [linear], and name its port in hardPort.")
    }
    let temperature = Float(settings.temperature)
    let terms: [any Term] = [
      RowTerm("objective", setup.objective, at: PortPlace(port: hard.name)),
      RowwiseTerm("distillation", at: PortPlace(port: soft.name), reading: [scores], weight: settings.weight) { inputs, rows in
        try Distillation.logits(student: rows, teacher: DenseRows(inputs.values(scores)), temperature: temperature, divisor: 1)
      },
    ]
    return StepParts(partners: [teacher], terms: terms + (try setup.configuredTerms()))
  }
}
