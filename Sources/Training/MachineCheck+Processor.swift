import Checkpoints
import Collectives
import Configuration
import Foundation
import Kernels

/// What the processors can do, and which of them this process may use.
package struct ProcessorFacts: Sendable, Equatable {
  /// The processor's name.
  package var model = "unknown"
  /// Its features, as the system names them: `avx2`, `avx512f`.
  package var features: Set<String> = []
  /// Processors that are switched on.
  package var online = 0
  /// Those that this process may run on.
  package var allowed: [Int] = []
  /// Physical cores among those.
  package var physicalCores = 0
  /// One of the processors of each of those cores, ascending.
  package var oneOfEachCore: [Int] = []
  /// How many processors' worth of time the control group grants; nil where it sets no limit.
  package var quota: Double?

  /// Nothing known.
  package init() {}

  /// Reads `/proc` and `/sys`.
  package init(_ files: SystemFiles) {
    for line in (files.text("proc/cpuinfo") ?? "").split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let key = line[..<colon].trimmingCharacters(in: .whitespaces)
      let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      if key == "processor" { online += 1 }
      if key == "model name", model == "unknown" { model = value }
      if key == "flags" || key == "Features", features.isEmpty { features = Set(value.split(separator: " ").map(String.init)) }
    }
    for line in (files.text("proc/self/status") ?? "").split(separator: "\n") where line.hasPrefix("Cpus_allowed_list:") {
      allowed = ProcessorFacts.numbers(line.drop { $0 != ":" }.dropFirst().trimmingCharacters(in: .whitespaces))
    }
    let cores = allowed.map { files.text("sys/devices/system/cpu/cpu\($0)/topology/thread_siblings_list") ?? "\($0)" }
    physicalCores = Set(cores).count
    var seen: Set<String> = []
    oneOfEachCore = zip(allowed, cores).filter { seen.insert($0.1).inserted }.map(\.0)
    let limits = files.controlGroups.compactMap { group -> Double? in
      let parts = (files.text("\(group)/cpu.max") ?? "").split(separator: " ").map { Double($0) }
      guard parts.count == 2, let time = parts[0], let period = parts[1], period > 0 else { return nil }
      return time / period
    }
    quota = limits.min()
    if quota == nil, let time = files.text("sys/fs/cgroup/cpu/cpu.cfs_quota_us").flatMap({ Double($0) }), time > 0,
      let period = files.text("sys/fs/cgroup/cpu/cpu.cfs_period_us").flatMap({ Double($0) }), period > 0
    {
      quota = time / period
    }
  }

  /// The numbers of a list such as `0-3,8`.
  static func numbers(_ list: String) -> [Int] {
    list.split(separator: ",").flatMap { range -> [Int] in
      let ends = range.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last, first <= last, last < 1 << 20 else { return [] }
      return Array(first...last)
    }
  }
}

extension MachineCheck {
  /// Looks at how this program was compiled.
  package static func build() -> MachineCheck {
    #if compiler(>=6.3)
      let compiler = "Swift 6.3 or later"
    #else
      let compiler = "Swift 6.2"
    #endif
    let version = "longtail \(Versions.longtail), \(compiler)"
    #if DEBUG
      return MachineCheck("build", .warning, "\(version), debug", advice: "For training, build with: swift build -c release")
    #else
      return MachineCheck("build", .ok, "\(version), release")
    #endif
  }

  /// Looks at what the processor can do and what oneDNN makes of it.
  package static func instructionSet(_ facts: ProcessorFacts, oneDNN: String = OneDNN.version, used: String = OneDNN.instructionSet)
    -> MachineCheck
  {
    let hasAVX512 = facts.features.isSuperset(of: ["avx512f", "avx512bw", "avx512dq", "avx512vl"])
    let hasAVX2 = facts.features.isSuperset(of: ["avx2", "fma"])
    let best = hasAVX512 ? "AVX-512" : hasAVX2 ? "AVX2" : "no AVX2"
    let detail = "oneDNN \(oneDNN) uses \(used); \(facts.model) has \(best)"
    if (oneDNN.split(separator: ".").first.flatMap { Int($0) } ?? 0) < 3 {
      return MachineCheck("instruction set", .problem, detail, advice: "oneDNN 3 or later is needed: run Launch/bootstrap.")
    }
    #if arch(x86_64)
      if !hasAVX2 {
        return MachineCheck("instruction set", .problem, detail, advice: "AVX2 and FMA are needed (processors since about 2013).")
      }
      if hasAVX512, !used.hasPrefix("avx512") {
        return MachineCheck(
          "instruction set", .warning, detail, advice: "oneDNN is held back. Is ONEDNN_MAX_CPU_ISA or DNNL_MAX_CPU_ISA set? Unset it.")
      }
    #endif
    return MachineCheck("instruction set", .ok, detail)
  }

  /// Looks at who chooses the convolutions' algorithms.
  /// - Parameters:
  ///   - engine: a configuration's section; nil describes what there is.
  ///   - digest: the choices that it leads to, where they are known.
  static func algorithms(_ engine: Configuration.Engine?, digest: String?) -> MachineCheck {
    let name = engine == nil ? "algorithms" : "algorithms of the run"
    var parts = [AlgorithmRecord.source(engine?.algorithms ?? .model)]
    if let digest { parts.append("digest \(digest)") }
    if let path = engine?.choicesFile { parts.append("first those of \(path)") }
    guard engine == nil || engine?.algorithms == .measured else { return MachineCheck(name, .ok, parts.joined(separator: ", ")) }
    guard let measured = MeasuredAlgorithms() else {
      return MachineCheck(
        name, engine == nil ? .ok : .warning, parts.joined(separator: ", ") + "; measured choices cannot be kept",
        advice: engine == nil ? nil : "Set HOME or XDG_CACHE_HOME: without them every run measures anew, and a seed does not repeat a run.")
    }
    parts[0] += "; \(measured.problem ?? measured.summary)"
    return MachineCheck(name, measured.problem == nil ? .ok : .warning, parts.joined(separator: ", "))
  }

  /// Who chooses the convolutions' algorithms by default, and what was measured on this machine.
  package static func algorithms() -> MachineCheck { algorithms(nil, digest: nil) }

  /// Looks at the processors and how many compute threads a rank uses.
  package static func processors(_ facts: ProcessorFacts, budget: ThreadBudget) -> MachineCheck {
    func plural(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
    var detail =
      "\(plural(facts.allowed.count, "processor")) of \(facts.online), \(plural(facts.physicalCores, "physical core")); \(budget.summary)"
    if let quota = facts.quota { detail += String(format: "; the control group grants the time of %.1f", quota) }
    if let warning = budget.warning { return MachineCheck("processors", .warning, detail, advice: warning) }
    if let quota = facts.quota, Double(budget.threads) > quota.rounded(.up) {
      return MachineCheck(
        "processors", .warning, detail,
        advice: "Threads beyond the granted time are stopped in turns. Set OMP_NUM_THREADS=\(max(1, Int(quota.rounded(.up)))).")
    }
    if budget.sharingRanks == 1, facts.physicalCores > 0, budget.threads > facts.physicalCores {
      return MachineCheck(
        "processors", .warning, detail,
        advice: "Two threads on one core slow each other down here. Set OMP_NUM_THREADS=\(facts.physicalCores).")
    }
    return MachineCheck("processors", .ok, detail)
  }
}
