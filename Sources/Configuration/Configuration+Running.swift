import Settings
import Tensors

extension Configuration {
  /// Section `evaluation`: when and how the network is judged.
  public struct Evaluation: Section {
    /// Epochs from one evaluation to the next; the end of the run always has one.
    public var every = 1
    /// At which size predictions meet labels.
    public var resolution = Resolution.network
    /// Images at a time, in each rank.
    public var batch = 8
    /// The part of the data set that is used.
    public var split = "val"
    /// Of recognition: pixels that the shorter side of an image is brought to before the middle of `data.size` is cut out. Images are
    /// brought to `data.size` as a whole when not given, or with random resized crops in training to 8/7 of it.
    public var shortSide: Int?
    /// How a class is chosen for each pixel. Used by `predict` too.
    public var decision = Decision()
    /// Several looks at each image: windows, scales, flips. Used by `predict` too.
    public var views = Views()

    /// At which size predictions meet labels.
    public enum Resolution: String, CaseIterable, Choice {
      /// At the network's input size; labels are resized by nearest neighbour.
      case network
      /// At the label image's own size; logits are resized bilinearly.
      case label
    }

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("every", &every, "epochs from one evaluation to the next", .atLeast(1))
      visitor.key("resolution", &resolution, "size at which predictions meet labels: network or label")
      visitor.key("batch", &batch, "images at a time in each rank", .atLeast(1))
      visitor.key("split", &split, "part of the data set", .notEmpty)
      visitor.optionalKey(
        "shortSide", &shortSide, "recognition: pixels of the shorter side before the middle of data.size is cut out", .between(1, 65_535))
      decision.visit(&visitor)
      visitor.section("views", &views, "several views of each image, whose probabilities are averaged")
    }
  }

  /// Section `checkpoint`: what is saved and kept.
  package struct Checkpoint: Section {
    /// Epochs from one checkpoint to the next.
    package var every = 1
    /// Steps from one checkpoint to the next, beside those by epoch.
    package var everySteps: Int?
    /// How many of the newest are kept.
    package var keepLast = 3
    /// Checkpoints of steps that are multiples of this are kept for good.
    package var keepEvery: Int?
    /// The scores whose best checkpoint is kept too, by the names that the task gives them; nil for the one that it is judged by. They are
    /// looked up once the task and its classes are known.
    package var best: [String]?
    /// Saves that fail one after the other, such as on a full disk, before the run ends. Until then it warns and goes on.
    package var failuresAllowed = 3

    /// All defaults.
    package init() {}

    /// Shows every key.
    package mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("every", &every, "epochs from one checkpoint to the next", .atLeast(1))
      visitor.optionalKey(
        "everySteps", &everySteps, "steps from one to the next, beside those by epoch", .atLeast(1, "leave it out for none"))
      visitor.key("keepLast", &keepLast, "how many of the newest are kept", .atLeast(1, "a run without any cannot be resumed"))
      visitor.optionalKey(
        "keepEvery", &keepEvery, "steps whose multiples are kept for good", .atLeast(1, "leave it out to keep none for good"))
      visitor.optionalKey(
        "best", &best, "scores whose best checkpoint is kept; the one that the task is judged by when not given", .each(.notEmpty))
      visitor.key(
        "failuresAllowed", &failuresAllowed, "failed saves in a row that end the run; before, it warns and goes on",
        .atLeast(1, "1 ends the run at the first one"))
    }
  }

  /// Section `engine`: how the numbers are computed.
  package struct Engine: Section {
    /// How convolution algorithms are found.
    package var algorithms = Algorithms.model
    /// A file of choices that fresh runs begin with, and add theirs to; only the algorithms of `measured` runs are kept otherwise, in the
    /// user's cache.
    package var choicesFile: String?
    /// Compute threads of each rank; from the affinity mask and the ranks on the host when not given.
    package var threads: Int?
    /// How gradients are written in messages between nodes.
    package var wirePrecision = WirePrecision.float32
    /// Whether the ranks compare what they are about to do before each collective.
    package var checkCollectives = false

    /// How convolution algorithms are found.
    package enum Algorithms: String, CaseIterable, Choice {
      /// By a cost model, the same on every start and on every machine with the same instruction set. Nothing is timed.
      case model
      /// Each is timed on this machine once, and the fastest taken. What was found is kept in the user's cache.
      case measured
      /// Direct kernels everywhere: the most exact, slower steps.
      case direct

      /// Reads a name; `auto` is what version 0.1 called an automatic choice.
      package init?(setting: SettingValue) {
        guard let name = setting.stringValue, let found = Algorithms(rawValue: name == "auto" ? "model" : name) else { return nil }
        self = found
      }
    }

    /// How gradients are written in messages between nodes. Sums are accumulated in float32 either way, and on a node nothing is rounded.
    package enum WirePrecision: String, CaseIterable, Choice {
      /// As they are.
      case float32
      /// Rounded to bfloat16: half the bytes, errors up to 2^-8 of each number.
      case bfloat16
    }

    /// All defaults.
    package init() {}

    /// Shows every key.
    package mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("algorithms", &algorithms, "model decides by rule, measured by the clock, direct takes the plain kernels")
      visitor.optionalKey("choicesFile", &choicesFile, "file of choices to begin with and to add to", .path)
      visitor.optionalKey("threads", &threads, "compute threads of each rank", .between(1, 4096, "leave it out to use what there is"))
      visitor.key("wirePrecision", &wirePrecision, "gradients in messages between nodes: float32 or bfloat16, half the bytes")
      visitor.key("checkCollectives", &checkCollectives, "compare ranks before each collective, to find one that goes astray")
    }
  }

  /// Section `reporting`: what people see meanwhile.
  package struct Reporting: Section {
    /// Steps from one printed line to the next, where output is not a terminal.
    package var every = 10
    /// Images in the picture of each evaluation; 0 makes none.
    package var pictures = 4
    /// Whether event files for TensorBoard are written.
    package var tensorboard = false

    /// All defaults.
    package init() {}

    /// Shows every key.
    package mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("every", &every, "steps from one printed line to the next", .atLeast(1))
      visitor.key("pictures", &pictures, "images in the picture of each evaluation; 0 makes none", .between(0, 64))
      visitor.key("tensorboard", &tensorboard, "write event files for TensorBoard into the run directory's tensorboard/")
    }
  }
}
