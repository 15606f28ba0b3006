import Networks
import Objectives
import Settings
import Tensors

/// Class-Balanced Distillation: a student that sees all classes alike is drawn to the features of teachers that have seen the data as it
/// is.
///
///     L = (1 - alpha) objective + alpha beta (1 - cos(h, t))
///
/// with h the student's features and t those of the teachers, each at length 1, behind one another, at length 1 together. With several
/// teachers, or one of another width, h is a projection of the student. Teachers are all `partners`; they look at the same images.
/// Source: Iscen, Araujo, Gong, Schmid, "Class-balanced distillation for long-tailed visual recognition", BMVC 2021, arXiv:2104.05279.
struct ClassBalancedDistillation: Method {
  struct Settings: Section {
    var alpha = 0.4
    var beta = 100.0
    var port: String?
    var teacherPort = Port.features.name

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("alpha", &alpha, "the share of the teachers in the loss", .between(0, 1))
      visitor.key("beta", &beta, "what the teachers' part is multiplied by", .atLeast(0), .finite)
      visitor.optionalKey(
        "port", &port, "output of the student that is drawn to the teachers; projection where there is one, features elsewhere", .notEmpty)
      visitor.key("teacherPort", &teacherPort, "output of the teachers that the student is drawn to", .notEmpty)
    }
  }

  static let entry = MethodRegistry.Entry(
    "classBalancedDistillation", summary: "a student with class-balanced samples is drawn to teachers' features",
    about:
      "The teachers, one or several `partners`, were trained on the data as it is; the student takes over what they know of frequent classes.",
    source: "Iscen, Araujo, Gong, Schmid, BMVC 2021, arXiv:2104.05279", settings: Settings()
  ) { settings, _ in ClassBalancedDistillation(settings: settings) }

  let settings: Settings

  func parts(_ setup: MethodSetup) throws -> StepParts {
    guard !setup.partners.isEmpty else {
      throw LongtailError(
        .usage, "method classBalancedDistillation has no teacher", advice: "Give partners: [{name: teacher, stage: ...}], one or several.")
    }
    let graph = setup.student.graph
    let port = Port(settings.port ?? (graph.ports.contains { $0.port.name == "projection" } ? "projection" : Port.features.name))
    let teachers = setup.partners.map { PortPlace(network: $0.name, port: settings.teacherPort) }
    let width = try setup.partners.reduce(0) { sum, teacher in
      let graph = teacher.network.graph
      return sum + graph.channels(of: try graph.value(of: Port(settings.teacherPort)))
    }
    let own = graph.channels(of: try graph.value(of: port))
    guard own == width else {
      throw LongtailError(
        .usage, "the student has \(own) numbers at port '\(port)', its teachers \(width) at '\(settings.teacherPort)' together",
        advice: "Give the student model.settings.projection with width \(width), rectified and classified.")
    }
    var parts = try PlainMethod().parts(setup)
    parts.terms = parts.terms.map { $0.weighted(by: 1 - settings.alpha) }
    parts.partners = setup.partners
    parts.terms.append(
      RowwiseTerm(
        "distillation", at: PortPlace(port: port.name), reading: teachers, weight: settings.alpha * settings.beta
      ) { inputs, rows in
        let target = try Distillation.target(teachers: teachers.map { DenseRows(try inputs.values($0)) })
        return try Distillation.features(student: rows, target: target, divisor: 1)
      })
    return parts
  }
}

extension Term {
  /// The term with its weight multiplied by a factor, where it is an objective over rows.
  fileprivate func weighted(by factor: Double) -> any Term {
    guard let term = self as? RowTerm else { return self }
    return RowTerm(term.name, term.objective, at: term.place, weight: factor * term.weight)
  }
}
