import Networks
import Reports
import Tensors
import Training

/// Measurements of kernels, network by network, as a table for a terminal.
package struct KernelTable {
  private let measurements: KernelMeasurements
  private let fit: AlgorithmModelFit?

  /// - Parameter fit: prices that are to be compared with those in use; nil shows the latter alone.
  package init(_ measurements: KernelMeasurements, fit: AlgorithmModelFit?) {
    self.measurements = measurements
    self.fit = fit
  }

  /// The table.
  package var text: String {
    let columns = ["images", "threads", "block", "fastest ms", "model"] + (fit == nil ? [] : ["fitted"]) + ["direct"]
    var table = TextTable(columns: [.init("network")] + columns.map { .init($0, isNumeric: true) })
    let used = fit ?? AlgorithmModelFit([:])
    var losses: [(network: KernelMeasurements.Network, loss: AlgorithmRegret.Loss, share: Double)] = []
    for network in measurements.networks {
      let regret = AlgorithmRegret(network.uses, times: measurements.times, fit: used)
      func times(_ value: Double) -> String { regret.best > 0 ? Formatting.decimals(value / regret.best, 3) : "-" }
      var row = [
        "\(network.images)", "\(network.threads)", "\(network.channelBlock ?? 8)", Formatting.significant(regret.best, 4),
        times(regret.model),
      ]
      if fit != nil { row.append(times(regret.fitted)) }
      losses += regret.losses.map { (network, $0, $0.milliseconds / regret.best) }
      table.append([network.model] + row + [times(regret.direct)])
    }
    var lines = table.lines
    lines += ["", "Convolutions of a training step; the last columns are multiples of the time with the fastest algorithm of each."]
    var worst = TextTable(columns: [
      .init("largest losses"), .init("chosen"), .init("fastest"), .init("% of network", isNumeric: true),
    ])
    for (network, loss, share) in losses.sorted(by: { $0.share > $1.share }).prefix(12) {
      worst.append([
        "\(network.model): \(loss.signature)", loss.chosen.rawValue, loss.fastest.rawValue, Formatting.decimals(100 * share, 2),
      ])
    }
    if !losses.isEmpty { lines += [""] + worst.lines }
    if let fit {
      var errors = TextTable(columns: [.init("rule"), .init("mean error %", isNumeric: true)])
      for (rule, error) in fit.errors.sorted(by: { $0.key < $1.key }) { errors.append([rule, Formatting.decimals(100 * error, 1)]) }
      lines += [""] + errors.lines
    }
    return (lines + [""]).joined(separator: "\n")
  }

  /// Whole steps by model and by measurement, as a table for a terminal.
  package static func text(_ comparisons: [StepComparison]) -> String {
    let columns = ["images", "threads", "model ms", "measured ms", "model / measured", "set up s", "set up measured s", "steps"]
    var table = TextTable(columns: [.init("network")] + columns.map { .init($0, isNumeric: true) })
    for entry in comparisons {
      func median(_ values: [Double]) -> String { Formatting.significant((values.median ?? 0) * 1e3, 4) }
      table.append([
        entry.model, "\(entry.images)", "\(entry.threads)", median(entry.byModel), median(entry.measured),
        Formatting.decimals(entry.ratio, 3), Formatting.decimals(entry.modelSetup, 2), Formatting.decimals(entry.measuredSetup, 2),
        "\(entry.byModel.count)",
      ])
    }
    return (table.lines + ["", "Medians of steps taken in turns.", ""]).joined(separator: "\n")
  }
}
