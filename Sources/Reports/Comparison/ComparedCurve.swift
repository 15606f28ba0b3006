import Tasks

/// How a quantity goes over the epochs, for each run of a candidate and for their mean.
package struct ComparedCurve: Sendable {
  /// What is drawn.
  package enum Quantity: Sendable, Equatable {
    /// The mean loss of the steps of an epoch.
    case loss
    /// The main score after an epoch.
    case main
    /// The main score of a group after an epoch.
    case group(String)

    /// The title of its chart.
    func title(_ task: TaskDescription) -> String {
      let unit = task.main?.unit == .share ? ", %" : ""
      return switch self {
      case .loss: "training loss"
      case .main: task.main?.axis ?? "score"
      case .group(let name): "\(task.main?.title ?? "score") of the \(name)\(unit)"
      }
    }

    /// The heading of its column.
    func heading(_ task: TaskDescription, _ candidate: String) -> String {
      switch self {
      case .loss: "\(candidate) loss"
      case .main: task.main?.heading ?? "score"
      case .group(let name): task.main?.heading(ofGroup: name) ?? name
      }
    }
  }

  /// What is drawn of runs of a task: the loss, the main score, that of the rarest classes.
  static func quantities(_ task: TaskDescription) -> [Quantity] { [.loss, .main] + (task.groups.last.map { [.group($0)] } ?? []) }

  /// A point.
  package struct Point: Sendable, Equatable {
    /// The epoch, from 1.
    package var x: Double
    /// The value.
    package var y: Double

    /// Creates a point.
    package init(_ x: Double, _ y: Double) { (self.x, self.y) = (x, y) }
  }

  /// What it is.
  package let quantity: Quantity
  /// The candidate's name.
  package let name: String
  /// The points of each run, unfinished ones too.
  package let runs: [[Point]]
  /// The mean over the runs that have a value there.
  package let mean: [Point]

  /// Takes points of the main score as they are.
  init(name: String, runs: [[Point]], mean: [Point]) { (quantity, self.name, self.runs, self.mean) = (.main, name, runs, mean) }

  /// Collects the points of a candidate's runs. Values that are not finite are left out.
  package init(_ quantity: Quantity, _ candidate: Comparison.Candidate) {
    self.quantity = quantity
    name = candidate.name
    runs = candidate.all.map { entry in
      switch quantity {
      case .loss: return entry.results.lossByEpoch.map { Point(Double($0.epoch), $0.loss) }
      case .main: return ComparedCurve.scores(entry.results) { $0.main }
      case .group(let name): return ComparedCurve.scores(entry.results) { $0.main(ofGroup: name) }
      }
    }.map { $0.filter(\.y.isFinite) }
    let points = runs.joined()
    mean = Set(points.map(\.x)).sorted().compactMap { x in
      SampleStatistics(points.filter { $0.x == x }.map(\.y)).mean.map { Point(x, $0) }
    }
  }

  /// A run that ends within an epoch has its last evaluation there: it stands at the next whole one.
  private static func scores(_ results: RunResults, _ value: (EvaluationRecord) -> Double?) -> [Point] {
    results.evaluations.compactMap { record in
      guard let value = value(record) else { return nil }
      let epoch = results.steps.last { $0.step <= record.step }?.epoch ?? record.epoch
      return Point(Double(max(epoch, record.epoch)), record.task.main?.scaled(value) ?? value)
    }
  }
}
