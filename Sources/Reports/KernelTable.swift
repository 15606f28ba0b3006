import Networks
import Training

/// What measurements of kernels tell, network by network, as a table for a terminal.
public struct KernelTable {
  private let measurements: KernelMeasurements
  private let fit: AlgorithmModelFit?

  /// - Parameter fit: prices that are to be compared with those in use; nil shows the latter alone.
  public init(_ measurements: KernelMeasurements, fit: AlgorithmModelFit?) {
    self.measurements = measurements
    self.fit = fit
  }

  /// The table.
  public var text: String {
    let columns = ["images", "threads", "fastest ms", "model"] + (fit == nil ? [] : ["fitted"]) + ["direct"]
    var table = TextTable(columns: [.init("network")] + columns.map { .init($0, isNumeric: true) })
    let used = fit ?? AlgorithmModelFit([:])
    for network in measurements.networks {
      let regret = AlgorithmRegret(network.uses, times: measurements.times, fit: used)
      func times(_ value: Double) -> String { regret.best > 0 ? Formatting.decimals(value / regret.best, 3) : "-" }
      var row = ["\(network.images)", "\(network.threads)", Formatting.significant(regret.best, 4), times(regret.model)]
      if fit != nil { row.append(times(regret.fitted)) }
      table.append([network.model] + row + [times(regret.direct)])
    }
    var lines = table.lines
    lines += ["", "Convolutions of a training step; the last columns are multiples of the time with the fastest algorithm of each."]
    if let fit {
      var errors = TextTable(columns: [.init("rule"), .init("mean error %", isNumeric: true)])
      for (rule, error) in fit.errors.sorted(by: { $0.key < $1.key }) { errors.append([rule, Formatting.decimals(100 * error, 1)]) }
      lines += [""] + errors.lines
    }
    return (lines + [""]).joined(separator: "\n")
  }
}
