import Settings
import Tensors

extension Configuration {
  /// Section `model`: the network.
  public struct Model: Section {
    /// The model's name in its registry: `unet`, `segnet`, `deeplabv3-resnet50`.
    public var name = "unet"
    /// Channels of the first level of `unet` and `segnet`, whose further levels have multiples of it. Networks on a ResNet have the widths
    /// that their name says.
    public var width = 32
    /// What only this model knows; its registry checks the names.
    public var settings: [String: SettingValue] = [:]
    /// Whose images batch norm takes its statistics from.
    public var batchNorm = BatchNorm.synchronized
    /// A safetensors file in the names of torchvision or timm that parameters and running statistics are taken from before the first step.
    /// What matches, what is missing and what is not expected is printed.
    public var pretrained: String?
    /// Which parameters are trained, by patterns of their names in which `*` stands for any letters; all of them unless given. The rest
    /// costs no backward pass, and no memory for gradients. Batch norm of the rest follows the data, unless `batchNorm` says frozen.
    public var trained: [String]?
    /// What of the file counts for the layers that compute the logits.
    public var pretrainedHead = PretrainedHead.load

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("name", &name, "unet, segnet, deeplabv3-resnet50, ...", .notEmpty)
      visitor.key("width", &width, "channels of the first level, of unet and segnet", .between(1, 4096))
      visitor.key("settings", &settings, "what only this model knows")
      visitor.key(
        "batchNorm", &batchNorm, "statistics of the whole batch (synchronized), of each rank (local), or as loaded in the backbone (frozen)"
      )
      visitor.optionalKey("trained", &trained, "only parameters whose names match, such as [classifier.*]")
      visitor.optionalKey("pretrained", &pretrained, "safetensors file with weights to begin with", .path)
      visitor.key("pretrainedHead", &pretrainedHead, "take the layers of the logits from that file too (load) or not (skip)")
    }

    /// What does not fit together.
    public func contradictions() -> [Contradiction] {
      var found: [Contradiction] = []
      if let trained, trained.isEmpty {
        found.append(Contradiction("trained", "it names no parameter; leave the key out to train all of them"))
      }
      if pretrainedHead == .skip, pretrained == nil {
        found.append(Contradiction("pretrainedHead", "there is no `model.pretrained` whose head could be left out"))
      }
      return found
    }
  }

  /// Whose images batch norm takes its statistics from.
  public enum BatchNorm: String, CaseIterable, Choice {
    /// All ranks' images of the step: the result does not depend on the number of ranks.
    case synchronized
    /// Each rank's own images.
    case local
    /// No images: statistics, scale and shift of the backbone stay as they were loaded. Heads are synchronized. A network without a
    /// backbone is frozen as a whole.
    case frozen
  }

  /// What loading weights does to the layers that compute the logits.
  public enum PretrainedHead: String, CaseIterable, Choice {
    /// They are taken from the file; another number of classes is an error.
    case load
    /// They keep their first values.
    case skip
  }

  /// Section `objective`: the loss.
  public struct Objective: Section {
    /// The objective's name in its registry: `crossEntropy`, `pat`, ...
    public var name = "crossEntropy"
    /// What only this objective knows; its registry checks the names.
    public var settings: [String: SettingValue] = [:]

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("name", &name, "crossEntropy, pat, ...", .notEmpty)
      visitor.key("settings", &settings, "what only this objective knows")
    }
  }

  /// Section `optimizer`: how gradients change parameters. What is not given is the optimizer's own default.
  public struct Optimizer: Section {
    /// The optimizer's name in its registry: `adam`, `adamw`, `sgd`.
    public var name = "adam"
    /// The learning rate that the schedule scales.
    public var learningRate = 1e-3
    /// What the learning rate of the backbone is multiplied by, for networks that have one: below 1 keeps what was pretrained.
    public var backboneLearningRateFactor = 1.0
    /// How strongly parameters are drawn to zero.
    public var weightDecay: Double?
    /// The two decay rates of Adam's moments.
    public var betas: [Double]?
    /// The small number in Adam's denominator.
    public var epsilon: Double?
    /// The momentum of SGD.
    public var momentum: Double?
    /// Nesterov's form of momentum.
    public var nesterov: Bool?
    /// Further settings of an optimizer.
    public var settings: [String: SettingValue] = [:]

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("name", &name, "adam, adamw, sgd, ...", .notEmpty)
      visitor.key("learningRate", &learningRate, "before the schedule", .above(0, "0.001 is usual for adam, 0.1 or less for sgd"))
      visitor.key("backboneLearningRateFactor", &backboneLearningRateFactor, "of the backbone's rate, such as 0.1", .atLeast(0))
      visitor.optionalKey("weightDecay", &weightDecay, "pull towards zero", .atLeast(0))
      visitor.optionalKey(
        "betas", &betas, "decay rates of the two moments", .count(2, "of the first and the second moment"),
        .each(.between(0, below: 1)))
      visitor.optionalKey("epsilon", &epsilon, "in the denominator", .above(0))
      visitor.optionalKey("momentum", &momentum, "of sgd", .between(0, below: 1))
      visitor.optionalKey("nesterov", &nesterov, "Nesterov's form of momentum")
      visitor.key("settings", &settings, "further settings of the optimizer")
    }

    /// What the registry is given: `settings` and those of the named keys that are present, the betas as `beta1` and `beta2`.
    /// The learning rate is not among them.
    public var registrySettings: [String: SettingValue] {
      var all = settings
      all["weightDecay"] = weightDecay.map(SettingValue.double)
      for (name, beta) in zip(["beta1", "beta2"], betas ?? []) { all[name] = .double(beta) }
      all["epsilon"] = epsilon.map(SettingValue.double)
      all["momentum"] = momentum.map(SettingValue.double)
      all["nesterov"] = nesterov.map(SettingValue.bool)
      return all
    }

    /// What does not fit together.
    public func contradictions() -> [Contradiction] {
      ["learningRate", "weightDecay", "betas", "beta1", "beta2", "epsilon", "momentum", "nesterov"].filter { settings[$0] != nil }.map {
        Contradiction(
          "settings",
          $0.hasPrefix("beta")
            ? "write the betas as `optimizer.betas: [0.9, 0.999]`" : "`\($0)` is a key of `optimizer` itself; move it one level up")
      }
    }
  }

  /// Section `schedule`: the learning rate over the steps of the run.
  public struct Schedule: Section {
    /// The shape.
    public var name = Shape.cosine
    /// Steps over which the rate rises evenly at the start.
    public var warmupSteps = 0
    /// The same in steps, epochs or as a share of the run, in place of `warmupSteps`.
    public var warmup: Stretch?
    /// The exponent of `poly`.
    public var power = 0.9
    /// The learning rate that `cosine` and `poly` end at.
    public var minimum = 0.0
    /// When `multistep` lowers the rate: after this many epochs, or steps, or that share of the run.
    public var milestones: [Moment] = []
    /// What `multistep` multiplies by at each milestone.
    public var factor = 0.1

    /// How the rate goes from `optimizer.learningRate` to its end.
    public enum Shape: String, CaseIterable, Choice {
      /// Half a wave of the cosine.
      case cosine
      /// minimum + (learningRate - minimum) (1 - t)^power, t from 0 to 1 after the warm-up.
      case poly
      /// Always the same.
      case constant
      /// Down by `factor` at each milestone.
      case multistep
    }

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("name", &name, "cosine, poly, constant or multistep, stepwise")
      visitor.key("warmupSteps", &warmupSteps, "steps of even rise at the start", .atLeast(0))
      visitor.optionalKey("warmup", &warmup, "the same as 500 steps, 5 epochs or 3 % of the run")
      visitor.key("power", &power, "exponent of poly", .above(0))
      visitor.key("minimum", &minimum, "learning rate that cosine and poly end at", .atLeast(0))
      visitor.key(
        "milestones", &milestones, "epochs after which multistep lowers the rate; or 4000 steps, or 80 % of the run", .each(.late))
      visitor.key("factor", &factor, "of multistep, at each milestone", .above(0))
    }

    /// What does not fit together.
    public func contradictions() -> [Contradiction] {
      if name == .multistep, milestones.isEmpty {
        return [Contradiction("milestones", "multistep needs at least one epoch, such as [20, 25]")]
      }
      if zip(milestones, milestones.dropFirst()).contains(where: { $1.isAfter($0) == false }) {
        return [Contradiction("milestones", "they must rise, such as [20, 25]")]
      }
      if warmup != nil, warmupSteps > 0 {
        return [Contradiction("warmupSteps", "`schedule.warmup` says how long the rise takes, too; leave one of the two out")]
      }
      return []
    }
  }
}
