import Reports
import Training

extension StepBenchmarkReport {
  /// The result as tables for a terminal.
  package var text: String {
    let configuration = options.configuration
    // Detectors have their widths among the model's settings.
    let width = parts.isEmpty ? " of width \(configuration.model.width)" : ""
    var lines = [
      "\(configuration.model.name)\(width), \(options.classes) classes, "
        + "\(Formatting.plural(configuration.training.globalBatch, "image")) of \(options.size), \(configuration.objective.name), "
        + configuration.optimizer.name,
      "\(Formatting.plural(ranks, "rank")) with \(Formatting.plural(threads, "thread")), oneDNN \(oneDNN), \(instructionSet); \(reduction)",
      "",
      "\(Formatting.significant(imagesPerSecond, 4)) images/s; step in ms: median \(milliseconds(medianStep)), "
        + "minimum \(milliseconds(minimumStep)), mean \(milliseconds(meanStep)), maximum \(milliseconds(maximumStep)) "
        + "of \(Formatting.plural(steps.count, "step")) after \(options.warmup)",
      "",
    ]
    let total = phases.reduce(0) { $0 + $1.seconds }
    var byPhase = TextTable(columns: [.init("phase"), .init("ms", isNumeric: true), .init("%", isNumeric: true)])
    for (name, seconds) in phases { byPhase.append([name, milliseconds(seconds), share(seconds, of: total)]) }
    lines += byPhase.lines + [""]

    if !parts.isEmpty { lines += partTable.lines + [""] }

    var byKind = TextTable(columns: [
      .init("layers"), .init("forward ms", isNumeric: true), .init("backward ms", isNumeric: true), .init("%", isNumeric: true),
    ])
    // Of the profiled steps, which may have been slower than the timed ones.
    let layers = layerKinds.reduce(0) { $0 + $1.forward + $1.backward }
    for kind in layerKinds {
      byKind.append([
        kind.kind, milliseconds(kind.forward), milliseconds(kind.backward), share(kind.forward + kind.backward, of: layers),
      ])
    }
    lines += byKind.lines + [""]
    lines += facts.lines + [""]
    if !algorithms.isEmpty { lines += algorithmTable.lines + [""] }
    return lines.joined(separator: "\n")
  }

  /// The parts of a detector's step, of the profiled steps.
  private var partTable: TextTable {
    var table = TextTable(columns: [
      .init("part"), .init("forward ms", isNumeric: true), .init("backward ms", isNumeric: true), .init("%", isNumeric: true),
    ])
    let all = parts.reduce(0) { $0 + $1.forward + $1.backward }
    for part in parts {
      table.append([
        part.kind, milliseconds(part.forward), part.backward > 0 ? milliseconds(part.backward) : "-",
        share(part.forward + part.backward, of: all),
      ])
    }
    return table
  }

  private var facts: TextTable {
    var table = TextTable(columns: [.init("memory and work"), .init("")])
    func append(_ name: String, _ value: String) { table.append([name, value]) }
    func perStep(_ value: Double?) -> String { value.map { Formatting.decimals($0, 1) } ?? "not known" }
    append("parameters", "\(Formatting.count(parameterCount)), \(Formatting.bytes(parameterBytes))")
    append("arena", "\(Formatting.bytes(arenaBytes)), at least \(Formatting.bytes(plan.arenaLowerBound))")
    append(
      "peak resident memory",
      Formatting.bytes(peakResidentBytes.max() ?? 0)
        + (ranks > 1 ? " at most in a rank, \(Formatting.bytes(peakResidentBytes.reduce(0, +))) in all" : ""))
    append("set up in", Formatting.duration(setup))
    append("convolutions", "\(milliseconds(convolutions)) ms a step")
    append(
      "allocations per step", perStep(allocationsPerStep) + (allocatedBytesPerStep.map { " of \(Formatting.bytes(Int($0))) in all" } ?? ""))
    append("heap growth per step", heapBytesGrownPerStep.map { Formatting.bytes(Int($0)) } ?? "not known")
    append("page faults per step", perStep(pageFaultsPerStep))
    append("activations reordered", Formatting.count(plan.activationReorders.count))
    append("activations copied", Formatting.count(plan.copies.count))
    append("weights reordered", Formatting.count(plan.weightReorders.count))
    append("parameters changed", "\(digestBefore) to \(digestAfter)")
    append("loss", "\(Formatting.significant(firstLoss, 5)) to \(Formatting.significant(lastLoss, 5))")
    return table
  }

  private var algorithmTable: TextTable {
    var table = TextTable(columns: [.init("convolution"), .init("forward"), .init("backward data"), .init("backward weights")])
    for (layer, passes) in algorithms {
      let byPass = Dictionary(passes.map { ($0.pass, $0.algorithm) }, uniquingKeysWith: { first, _ in first })
      table.append([layer] + ["forward", "backwardData", "backwardWeights"].map { byPass[$0] ?? "-" })
    }
    return table
  }

  private func milliseconds(_ seconds: Double) -> String { Formatting.significant(seconds * 1e3, 4) }
  private func share(_ seconds: Double, of total: Double) -> String { total > 0 ? Formatting.percent(seconds / total, decimals: 1) : "-" }
}
