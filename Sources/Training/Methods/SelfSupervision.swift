import Networks
import Objectives
import Settings
import Tensors

/// The first stage of Self Supervision to Distillation: the objective, and a contrast of two views in which keys of the own class do not
/// count.
///
/// The query is the student's projection of view 0; its key is that of view 1 by a copy of the network that follows with momentum and
/// normalizes by its batch. The other keys are those of past steps, all ranks' alike. The weight of the contrast is 1 in print.
/// Source: Li, Wang, Wu, "Self supervision to distillation for long-tailed visual recognition", ICCV 2021, arXiv:2109.04075.
struct SelfSupervision: Method {
  struct Settings: Section {
    var weight = 1.0
    var temperature = 0.2
    var momentum = 0.999
    var queueLength = 65536
    var removesOwnClass = true

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("weight", &weight, "what the contrast counts beside the objective", .atLeast(0), .finite)
      visitor.key("temperature", &temperature, "what similarities are divided by", .above(0), .finite)
      visitor.key("momentum", &momentum, "share of the key network that remains in a step", .between(0, 1))
      visitor.key("queueLength", &queueLength, "keys of past steps that are kept", .between(1, 1 << 24))
      visitor.key("removesOwnClass", &removesOwnClass, "whether keys of the query's class are left out of the contrast")
    }
  }

  static let entry = MethodRegistry.Entry(
    "selfSupervision", summary: "the objective and a contrast with keys of other classes: stage one of SSD-LT",
    about: "Features that labels alone would not ask for help rare classes. Needs two views of each sample and a model with a projection.",
    source: "Li, Wang, Wu, ICCV 2021, arXiv:2109.04075", settings: Settings()
  ) { settings, _ in SelfSupervision(settings: settings) }

  let settings: Settings

  var viewCount: Int { 2 }

  func parts(_ setup: MethodSetup) throws -> StepParts {
    let graph = setup.student.graph
    let width = graph.channels(of: try graph.value(of: Port("projection")))
    let key = try setup.copy(named: "key", mode: .observing)
    let keys = PortPlace(network: "key", port: "projection", view: 1)
    let queue = ContrastQueue("keys", of: keys, width: width, length: settings.queueLength, seed: setup.seed)
    let settings = settings
    var parts = try PlainMethod().parts(setup)
    parts.partners = [key]
    parts.terms.append(
      RowwiseTerm("contrast", at: PortPlace(port: "projection"), reading: [keys], weight: settings.weight) { inputs, queries in
        let found = queue.queue.contrast(
          queries, own: DenseRows(try inputs.values(keys)).units.rows, labels: Array(inputs.targets.labels),
          temperature: Float(settings.temperature), removesOwnClass: settings.removesOwnClass, divisor: 1)
        return Distillation.Result(rows: found.rows, gradient: found.atQueries)
      })
    parts.followers += [try MomentumCopy(key, of: setup.student, momentum: settings.momentum), queue]
    return parts
  }
}
