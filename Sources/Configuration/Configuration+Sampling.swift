import Settings
import Tensors

extension Configuration {
  /// Section `data.sampler`: which training samples an epoch is made of, and how often.
  public struct Sampler: Section {
    /// The sampler's name in its registry: `shuffled`, `weighted`, `classAware`, `classFirst`, `squareRoot`, `progressive`, `repeatFactor`,
    /// `balancedCopies`, `effectiveNumber`, `rareClass`.
    public var name = "shuffled"
    /// Samples of an epoch; as many as there are training samples when not given.
    public var length: Int?
    /// What only this sampler knows; its registry checks the names.
    public var settings: [String: SettingValue] = [:]

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key(
        "name", &name,
        "shuffled, weighted, classAware, classFirst, squareRoot, progressive, repeatFactor, balancedCopies, effectiveNumber, "
          + "rareClass", .notEmpty)
      visitor.optionalKey("length", &length, "samples of an epoch; as many as there are training samples when not given", .atLeast(1))
      visitor.key("settings", &settings, "what only this sampler knows")
    }
  }

  /// Section `data.split`: divides the training samples of a data set that comes as one into samples for training and for validation.
  ///
  /// Either a share is held out, or one of several folds, or two lists say it. Folds and lists are possible where the data set has
  /// validation samples of its own, too: those are left alone then, like its test samples, and validation takes place on training samples.
  public struct Division: Section {
    /// The share of the samples that is for validation; 0.2 where neither folds nor lists are given.
    public var validation: Double?
    /// Folds that the samples are dealt out into, for cross-validation.
    public var folds: Int?
    /// The fold that is for validation, counted from 0.
    public var fold: Int?
    /// Which of the many such divisions it is. Not the run's seed: runs with other seeds keep the division.
    public var seed = 0
    /// Whether both parts get the same share of every class, as far as possible.
    public var stratified = true
    /// Which samples stay together, by their names: `folder`, or a regular expression.
    public var groupBy: String?
    /// A text file that names the training samples.
    public var trainList: String?
    /// A text file that names the validation samples.
    public var validationList: String?

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.optionalKey(
        "validation", &validation, "share of the samples that is for validation; 0.2 where neither folds nor lists are given",
        .above(0), .between(0, below: 1))
      visitor.optionalKey(
        "folds", &folds,
        "folds of the training samples for cross-validation, instead of a share; validation samples of the data set's own are left alone",
        .between(2, 1000))
      visitor.optionalKey("fold", &fold, "fold that is for validation, from 0", .atLeast(0))
      visitor.key("seed", &seed, "which of the many such divisions; not the run's seed", .atLeast(0))
      visitor.key("stratified", &stratified, "give both parts the same share of every class, as far as possible")
      visitor.optionalKey(
        "groupBy", &groupBy, "samples that stay together: folder, or a regular expression for the part of the name that they share",
        .notEmpty)
      visitor.optionalKey("trainList", &trainList, "text file that names the training samples, with validationList", .path)
      visitor.optionalKey("validationList", &validationList, "text file that names the validation samples", .path)
    }

    /// What does not fit together.
    public func contradictions() -> [Contradiction] {
      if (trainList == nil) != (validationList == nil) {
        return [Contradiction(trainList == nil ? "validationList" : "trainList", "one list is not enough: name both, or none")]
      }
      if trainList != nil {
        let others = [("validation", validation != nil), ("folds", folds != nil), ("fold", fold != nil), ("groupBy", groupBy != nil)]
        return others.filter(\.1).map { Contradiction($0.0, "the lists say already which samples are for what; leave one of the two out") }
      }
      if validation != nil, folds != nil {
        return [Contradiction("folds", "there is a share, `validation`, too; leave one of the two out")]
      }
      guard let folds else { return fold == nil ? [] : [Contradiction("fold", "without `folds` there are none")] }
      guard let fold, fold >= folds else { return [] }
      return [Contradiction("fold", "\(fold) is not one of \(folds) folds, which are counted from 0")]
    }
  }
}

extension Configuration.Training {
  /// Section `training.earlyStopping`: ends the run when evaluations bring nothing better any more.
  public struct EarlyStopping: Section {
    /// The score that has to get better: one that `checkpoint.best` may name; nil for the one that the task is judged by.
    public var score: String?
    /// Evaluations in a row without progress that end the run.
    public var patience = 10
    /// How much better a score has to be to count as progress, in its own unit: shares of 1, or that of the loss.
    public var leastChange = 0.0

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.optionalKey("score", &score, "what has to get better; the score that the task is judged by when not given", .notEmpty)
      visitor.key("patience", &patience, "evaluations in a row without progress that end the run", .atLeast(1))
      visitor.key("leastChange", &leastChange, "how much better counts as progress, in the score's unit", .atLeast(0))
    }
  }
}
