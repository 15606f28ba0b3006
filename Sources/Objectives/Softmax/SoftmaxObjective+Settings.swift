import Tensors

extension SoftmaxObjective {
  /// A softmax loss with the settings that all of them have: `homogenization` and its companions, and PCLA's weight as `adaptation`.
  /// - Throws: `LongtailError` for values out of range.
  static func make<Term: SoftmaxTerm>(
    _ settings: SettingsReader, _ context: ObjectiveContext, term: Term, options: Options = Options()
  ) throws -> SoftmaxObjective {
    var options = options
    options.homogenization = try settings.homogenization(default: nil, classes: context.classes)
    guard let adaptation = try settings.adaptation(classes: context.classes) else {
      return SoftmaxObjective(name: settings.objective, classes: context.classes, term: term, options: options)
    }
    let adapted = AdaptedTerm(base: term, exponent: adaptation.exponent, detachWeight: adaptation.detachWeight)
    return SoftmaxObjective(name: settings.objective, classes: context.classes, term: adapted, options: options)
  }
}

/// A softmax loss times PCLA's weight w(q) = 0.5 exp(K (1 - q)).
///
/// With the base's pixel loss l(q) and factor f the loss is w l and its factor w (f + K q l), or w f with a detached weight.
struct AdaptedTerm<Base: SoftmaxTerm>: SoftmaxTerm {
  let base: Base
  let exponent: Float
  let detachWeight: Bool

  var logitScale: Float { base.logitScale }

  @inline(__always)
  func adjust(_ tile: Tile, step: TermStep) { base.adjust(tile, step: step) }

  @inline(__always)
  func evaluate(logProbability: Lanes, probability: Lanes, step: TermStep) -> (weight: Lanes, factor: Lanes) {
    let (weight, factor) = base.evaluate(logProbability: logProbability, probability: probability, step: step)
    let k = Lanes(repeating: exponent)
    let adaptation = (k * (Lanes(repeating: 1) - probability)).halfExponential()
    if detachWeight { return (adaptation * weight, adaptation * factor) }
    let slope = k * probability * weight
    return (adaptation * weight, adaptation * factor.addingProduct(slope, Lanes(repeating: 0) - logProbability))
  }
}

extension SettingsReader {
  /// Reads `adaptation` (`none`, a number K, or `classes`) and `detachAdaptation`; nil for none.
  /// - Throws: `LongtailError` for values out of range.
  func adaptation(classes: Int) throws -> (exponent: Float, detachWeight: Bool)? {
    let value = value("adaptation")
    let detachWeight = try flag("detachAdaptation", default: false)
    guard let value, value.stringValue != "none", !value.isNull else { return nil }
    let exponent = value.stringValue == "classes" ? Double(classes) : value.doubleValue
    // 0.5 e^K times the steepest term has to stay a float32.
    guard let exponent, exponent >= 0, exponent <= 78 else {
      throw wrong("adaptation", value, "none, a number K from 0 to 78, or 'classes' with at most 78 classes")
    }
    return (Float(exponent), detachWeight)
  }
}

/// An objective that is a softmax objective with something of its own around it.
protocol SoftmaxBased: TermObjective {
  var base: SoftmaxObjective { get }
}

extension SoftmaxBased {
  var name: String { base.name }
  var needsClassifierGram: Bool { base.needsClassifierGram }
  func complete(gradient: RowsView, _ rows: LabelledRows, result: StepResult) throws {
    try base.complete(gradient: gradient, rows, result: result)
  }
  func secondGradient(like rows: RowsView) throws -> TermPlanes { try base.secondGradient(like: rows) }
}
