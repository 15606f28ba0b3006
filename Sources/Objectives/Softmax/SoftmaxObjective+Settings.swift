import Settings
import Tensors

/// Settings of every softmax loss: PCLA's weight on its rows, and homogenization.
struct SoftmaxSettings: Section {
  var adaptation = Adaptation.none
  var detachAdaptation = false
  var homogenization = HomogenizationSettings()

  mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.key("adaptation", &adaptation, "K of PCLA's weight 0.5 exp(K (1 - q)) on each pixel; classes is their number", .exponent)
    visitor.key("detachAdaptation", &detachAdaptation, "whether that weight counts as a constant")
    homogenization.visit(&visitor)
  }
}

/// The same for losses that can have a column of background.
struct ColumnSettings: Section {
  /// What the key means, here and in other losses.
  static let meaning = "column that stands for rows of no class"

  var background = ClassIndex.none
  var softmax = SoftmaxSettings()

  mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.key("background", &background, ColumnSettings.meaning, .natural)
    softmax.visit(&visitor)
  }
}

/// K of PCLA's weight on another loss, or none.
enum Adaptation: SettingConvertible {
  case none
  case exponent(NumberOrClasses)

  static let expectation = "none, a number K, or classes"

  init?(setting: SettingValue) {
    if setting.isNull || setting.stringValue == "none" {
      self = .none
    } else if let exponent = NumberOrClasses(setting: setting) {
      self = .exponent(exponent)
    } else {
      return nil
    }
  }

  var setting: SettingValue {
    switch self {
    case .none: "none"
    case .exponent(let exponent): exponent.setting
    }
  }

  /// 0.5 e^K times the steepest loss has to stay a float32.
  static let largestExponent = 78.0
}

extension Check where Value == Adaptation {
  /// A number within the bounds of float32.
  static var exponent: Check {
    let check = Check<NumberOrClasses>.number(from: 0, to: Adaptation.largestExponent)
    return Check(range: check.range) { value in
      guard case .exponent(let exponent) = value else { return nil }
      return check.problem(exponent)
    }
  }
}

extension SoftmaxObjective {
  /// A softmax loss with the settings that all of them have.
  /// - Parameter name: the objective's name in the registry.
  /// - Throws: `LongtailError` for more classes than `adaptation: classes` can have.
  static func make<Term: SoftmaxTerm>(
    _ name: String, _ settings: SoftmaxSettings, _ context: ObjectiveContext, term: Term, options: Options = Options()
  ) throws -> SoftmaxObjective {
    var options = options
    options.homogenization = settings.homogenization.homogenization(classes: context.classes)
    guard case .exponent(let chosen) = settings.adaptation else {
      return SoftmaxObjective(name: name, classes: context.classes, term: term, options: options)
    }
    let exponent = chosen.value(classes: context.classes)
    guard exponent <= Adaptation.largestExponent else {
      throw LongtailError(
        .usage, "objective \(name): adaptation is classes, but there are \(context.classes) of them, and K can be 78 at most",
        advice: "Set adaptation to a number, such as 1.")
    }
    let adapted = AdaptedTerm(base: term, exponent: Float(exponent), detachWeight: settings.detachAdaptation)
    return SoftmaxObjective(name: name, classes: context.classes, term: adapted, options: options)
  }
}

/// A softmax loss times PCLA's weight w(q) = 0.5 exp(K (1 - q)).
///
/// With the base's pixel loss l(q) and factor f the loss is w l and its factor w (f + K q l), or w f with a detached weight.
struct AdaptedTerm<Base: SoftmaxTerm>: SoftmaxTerm {
  let base: Base
  let exponent: Float
  let detachWeight: Bool

  @inline(__always) static var countsMisses: Bool { Base.countsMisses }
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
