import Reports
import Training

extension CommunicationBenchmarkReport {
  /// The result as tables for a terminal.
  package var text: String {
    var lines = [
      "\(Formatting.plural(ranks, "rank")) on \(Formatting.plural(hosts, "host")), \(Formatting.plural(threads, "thread")) each: \(reduction)",
      "",
    ]
    var table = TextTable(
      columns: [
        "gradients", "ms", "GB/s", "2(p-1)/p GB/s", "memcpy ms", "bound ms", "bound / time", "MPI_Allreduce ms", "times as fast",
      ].map { .init($0, isNumeric: true) })
    for size in sizes {
      table.append([
        Formatting.bytes(size.bytes), milliseconds(size.reduction), Formatting.significant(size.rate * 1e-9, 3),
        Formatting.significant(linkRate(size) * 1e-9, 3), milliseconds(size.copy), milliseconds(bound(size)),
        Formatting.decimals(bound(size) / size.reduction, 2), size.allReduce.map(milliseconds) ?? "-",
        size.speedup.map { Formatting.decimals($0, 2) } ?? "-",
      ])
    }
    lines += table.lines + [""]
    var small = TextTable(columns: ["packed numbers", "us", "MPI_Allreduce us"].map { .init($0, isNumeric: true) })
    for vector in packed {
      small.append([
        Formatting.count(vector.numbers), Formatting.significant(vector.sum * 1e6, 3),
        vector.allReduce.map { Formatting.significant($0 * 1e6, 3) } ?? "-",
      ])
    }
    lines += small.lines
    lines += [
      "", "Medians of the slowest rank. bound: 2(p-1)/p of a copy of as many bytes by all ranks at once; p = \(ranks).", "",
    ]
    return lines.joined(separator: "\n")
  }

  /// The whole result, times in milliseconds and microseconds, rates in 10^9 bytes a second.
  package var json: JSONValue {
    .members([
      "benchmark": .string("communication"), "ranks": .int(ranks), "hosts": .int(hosts), "threads": .int(threads),
      "longtail": .string(Versions.longtail), "reduction": .string(reduction), "volumeFactor": .double(volumeFactor),
      "sizes": .array(
        sizes.map {
          .members([
            "bytes": .int($0.bytes), "reductionMilliseconds": .double($0.reduction * 1e3), "memcpyMilliseconds": .double($0.copy * 1e3),
            "boundMilliseconds": .double(bound($0) * 1e3), "allReduceMilliseconds": .number($0.allReduce.map { $0 * 1e3 }),
            "gigabytesPerSecond": .double($0.rate * 1e-9), "linkGigabytesPerSecond": .double(linkRate($0) * 1e-9),
            "speedupOverAllReduce": .number($0.speedup),
          ])
        }),
      "packed": .array(
        packed.map {
          .members([
            "numbers": .int($0.numbers), "sumMicroseconds": .double($0.sum * 1e6),
            "allReduceMicroseconds": .number($0.allReduce.map { $0 * 1e6 }),
          ])
        }),
    ])
  }

  private func milliseconds(_ seconds: Double) -> String { Formatting.significant(seconds * 1e3, 4) }
}
