import Longtail

/// The objective, and features drawn to those of a teacher: the partner of that name.
struct FeatureTeacher: Method {
  static let entry = MethodRegistry.Entry("featureTeacher", summary: "drawn to a teacher", about: "A partner.") { _, _ in FeatureTeacher() }
  func parts(_ setup: MethodSetup) throws -> StepParts {
    let (own, teacher) = (PortPlace(port: "features"), PortPlace(network: "teacher", port: "features"))
    let distillation = RowwiseTerm("distillation", at: own, reading: [teacher], weight: 0.5) { inputs, rows in
      try Distillation.features(student: rows, target: Distillation.target(teachers: [DenseRows(inputs.values(teacher))]), divisor: 1)
    }
    let terms: [any Term] = [RowTerm("objective", setup.objective, at: PortPlace(port: "logits")), distillation]
    return StepParts(partners: [try setup.partner(named: "teacher")], terms: terms)
  }
}

LongtailProgram.main {
  try ObjectiveRegistry.register(CountedCrossEntropy.entry)
  try DatasetRegistry.register(Squares.entry)
  try ModelRegistry.register(slopeNetwork)
  try MethodRegistry.register(FeatureTeacher.entry)
  try TaskRegistry.register(Counting.entry)
}
