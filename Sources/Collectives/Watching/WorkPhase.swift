/// What a rank is busy with, as stall reports name it.
public enum WorkPhase: Int, CaseIterable, Sendable {
  /// From the start of the process to the first step: reading labels, measuring algorithms, joining the other ranks.
  case start
  /// Waiting for the batch.
  case data
  /// The forward pass.
  case forward
  /// Loss, class statistics and gradients at the logits.
  case objective
  /// Sums over ranks: packed statistics, gradients.
  case reduce
  /// The backward pass.
  case backward
  /// Moving the parameters.
  case update
  /// Judging the network.
  case evaluate
  /// Comparing ranks and handing a checkpoint to the disk.
  case save
  /// After the last step: waiting for the disk, leaving the group.
  case finish
  /// Before all else: waiting for MPI to bring the ranks together.
  case join

  /// The word in messages, in crash files and in the configuration: `init`, `data`, ...
  public var name: String {
    switch self {
    case .start: "init"
    case .data: "data"
    case .forward: "forward"
    case .objective: "objective"
    case .reduce: "reduce"
    case .backward: "backward"
    case .update: "update"
    case .evaluate: "evaluate"
    case .save: "save"
    case .finish: "finish"
    case .join: "join"
    }
  }

  /// What most often takes long in this phase, for a person who has to look.
  var suspicion: String {
    switch self {
    case .start: "the labels of a large data set are being read, or algorithms measured"
    case .data: "the files of the data set cannot be read, or not fast enough"
    case .forward, .objective, .backward, .update: "the processor is given to something else, or the memory is swapped out"
    case .reduce: "another rank has not come to the same sum"
    case .evaluate: "the files of the evaluation cannot be read, or a batch of it takes that long"
    case .join: "other hosts cannot be reached: a firewall, or another network (mpirun --mca btl_tcp_if_include INTERFACE chooses one)"
    case .save, .finish: "the disk of the run directory does not take what is written"
    }
  }
}
