import Settings
import Tensors

extension Configuration {
  /// Section `training`: how long, in what batches, and what is done when something about a step is wrong.
  public struct Training: Section {
    /// Passes over the training images.
    public var epochs = 30
    /// A limit in steps that ends the run earlier.
    public var steps: Int?
    /// Images of a step, over all ranks together.
    public var globalBatch = 8
    /// Whether the images that do not fill the last batch of an epoch are left out.
    public var dropLast = true
    /// Micro-batches that a step's images are processed in, one after the other: memory for activations falls, time rises by up to a third.
    /// Loss, class statistics and gradients are those of the whole global batch; batch norm's statistics are of each micro-batch.
    public var accumulate = 1
    /// The time after which this start of the run saves and stops, counted from the start of the process.
    /// `SLURM_JOB_END_TIME` counts besides, whichever is earlier.
    public var timeLimit: TimeSpan?
    /// What a step does whose loss or gradient is not finite.
    ///
    /// By default it is left out: one broken sample in a run of days is no reason to lose a night, and what was left out is in the log.
    public var nonFinite = NonFinite.skip
    /// Steps in a row that may be left out before the run ends.
    ///
    /// Three: a step that is left out changes no parameter, so when a third batch in a row fails it is the parameters that are broken,
    /// not the data, and waiting helps nobody.
    public var nonFiniteConsecutiveLimit = 3
    /// Steps that may be left out in the whole run before it ends.
    ///
    /// Fifty: a broken sample comes back once an epoch, which a usual run survives; more are worth checking.
    public var nonFiniteTotalLimit = 50
    /// What is done about a loss or gradient norm that is far above those of the steps before.
    ///
    /// By default they are only reported: on long-tailed data a batch with a rare class is an outlier, and leaving it out would be a bias.
    public var spikes = Spikes.warn
    /// How many standard deviations above the mean of the last 128 steps count as far.
    public var spikeThreshold = 6.0
    /// Steps from one comparison of all ranks' parameters and state to the next; they are compared before each checkpoint anyway.
    /// 0 leaves it at that. Costs one pass over the numbers at the speed of memory.
    public var compareRanksEvery = 100
    /// An average of the parameters over the steps, which is evaluated and saved as the model in place of the last parameters; none when
    /// absent.
    public var exponentialMovingAverage: ExponentialMovingAverage?
    /// When a run ends because it gets no better; it never does when absent.
    public var earlyStopping: EarlyStopping?

    /// Section `training.exponentialMovingAverage`: a = a + (1 - decay)(p - a) after each update, of parameters and running statistics.
    ///
    /// It begins with the first parameters. Costs one pass over the parameters a step, and their memory once more.
    public struct ExponentialMovingAverage: Section {
      /// The share of the average that remains in a step; the average reaches back about 1/(1 - decay) steps.
      public var decay = 0.999

      /// All defaults.
      public init() {}

      /// Shows every key.
      public mutating func visit(_ visitor: inout some KeyVisitor) {
        visitor.key("decay", &decay, "what remains of the average in a step", .between(0, below: 1))
      }
    }

    /// What a step does whose loss or gradient is not finite.
    public enum NonFinite: String, CaseIterable, Choice {
      /// It is left out on all ranks, and the run goes on until there are too many of them.
      case skip
      /// It is left out and not counted, the state before it is saved, and the run ends: resuming repeats the step.
      case stop
      /// The run ends at once.
      case raise
    }

    /// What is done about spikes of loss and gradient norm.
    public enum Spikes: String, CaseIterable, Choice {
      /// They are reported.
      case warn
      /// They are reported, and the step is left out.
      case skip
      /// Nothing; they are not looked for.
      case ignore
    }

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key(
        "epochs", &epochs, "passes over the training images; 0 for a stage that is an epilogue alone",
        .atLeast(0, "use `training.steps` for less than an epoch"))
      visitor.optionalKey("steps", &steps, "limit in steps that ends the run earlier", .atLeast(1, "leave it out for no limit"))
      visitor.key("globalBatch", &globalBatch, "images of a step, over all ranks together", .atLeast(1))
      visitor.key("dropLast", &dropLast, "leave out the images that do not fill the last batch")
      visitor.key(
        "accumulate", &accumulate, "micro-batches of a step, for less memory; batch norm sees each by itself",
        .atLeast(1, "1 is all at once"))
      visitor.optionalKey("timeLimit", &timeLimit, "save and stop before so much time is over, such as 11h50m")
      visitor.key("nonFinite", &nonFinite, "what a step does that is not finite: skip, stop or raise")
      visitor.key(
        "nonFiniteConsecutiveLimit", &nonFiniteConsecutiveLimit, "such steps in a row that end the run",
        .atLeast(1, "use `training.nonFinite: stop` to end with the first"))
      visitor.key(
        "nonFiniteTotalLimit", &nonFiniteTotalLimit, "such steps in all that end the run",
        .atLeast(1, "use `training.nonFinite: stop` to end with the first"))
      visitor.key("spikes", &spikes, "what is done about spikes of loss and gradient: warn, skip or ignore")
      visitor.key("spikeThreshold", &spikeThreshold, "standard deviations above the last 128 steps that count as a spike", .above(0))
      visitor.section(
        "exponentialMovingAverage", &exponentialMovingAverage, "average of the parameters over the steps, evaluated and saved as the model")
      visitor.section("earlyStopping", &earlyStopping, "ends the run when a score gets no better; never when not given")
      visitor.key("compareRanksEvery", &compareRanksEvery, "steps from one comparison of the ranks to the next; 0 for none", .atLeast(0))
    }

    /// What does not fit together.
    public func contradictions() -> [Contradiction] {
      guard accumulate > globalBatch else { return [] }
      return [Contradiction("accumulate", "\(accumulate) is above `globalBatch`, \(globalBatch): some micro-batches would be empty")]
    }
  }
}
