import Collectives
import Foundation
import Reports
import Runs
import Tensors
import TestSupport
import Testing
import Training

@Suite struct MachineCheckTests {
  /// A pretended machine: files by path.
  private func withFiles<Result>(_ files: [String: String], _ body: (SystemFiles) throws -> Result) throws -> Result {
    try withTemporaryDirectory { root in
      for (path, text) in files {
        let file = URL(fileURLWithPath: "\(root)/\(path)")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
      }
      return try body(SystemFiles(root: root))
    }
  }

  private func budget(_ mask: UInt64, request: Int? = nil) -> ThreadBudget {
    ThreadBudget(masks: [[mask]], localRank: 0, requests: [request], host: "node")
  }

  @Test func processorsAreRead() throws {
    var files = ["proc/self/status": "Name:\tx\nCpus_allowed_list:\t0-2,5\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"]
    files["proc/cpuinfo"] = (0..<6).map { "processor\t: \($0)\nmodel name\t: A Chip\nflags\t\t: fpu avx2 fma\n" }.joined(separator: "\n")
    for (processor, siblings) in [(0, "0,1"), (1, "0,1"), (2, "2,3"), (5, "4,5")] {
      files["sys/devices/system/cpu/cpu\(processor)/topology/thread_siblings_list"] = siblings
    }
    let facts = try withFiles(files) { ProcessorFacts($0) }
    #expect(facts.model == "A Chip")
    #expect(facts.online == 6)
    #expect(facts.allowed == [0, 1, 2, 5])
    #expect(facts.physicalCores == 3)
    #expect(facts.quota == 1.5)
    #expect(facts.features == ["fpu", "avx2", "fma"])

    let throttled = MachineCheck.processors(facts, budget: budget(0b100111))
    #expect(throttled.status == .warning)
    #expect(throttled.advice?.contains("OMP_NUM_THREADS=2") == true)
    var free = facts
    free.quota = nil
    let siblings = MachineCheck.processors(free, budget: budget(0b100111))
    #expect(siblings.status == .warning)
    #expect(siblings.advice?.contains("OMP_NUM_THREADS=3") == true)
    #expect(MachineCheck.processors(free, budget: budget(0b100111, request: 3)).status == .ok)
  }

  @Test func instructionSetsAreCompared() {
    var facts = ProcessorFacts()
    facts.features = ["avx2", "fma", "avx512f", "avx512bw", "avx512dq", "avx512vl"]
    #expect(MachineCheck.instructionSet(facts, oneDNN: "3.1.0", used: "avx512_core").status == .ok)
    #expect(MachineCheck.instructionSet(facts, oneDNN: "2.7.0", used: "avx512_core").status == .problem)
    #if arch(x86_64)
      let held = MachineCheck.instructionSet(facts, oneDNN: "3.1.0", used: "avx2")
      #expect(held.status == .warning)
      #expect(held.advice?.contains("ONEDNN_MAX_CPU_ISA") == true)
      facts.features = ["sse4_1"]
      #expect(MachineCheck.instructionSet(facts, oneDNN: "3.1.0", used: "sse41").status == .problem)
    #endif
  }

  @Test func theTightestLimitOfMemoryCounts() throws {
    let information = "MemTotal:       16777216 kB\nMemFree: 1 kB\nMemAvailable:   8388608 kB\n"
    let limited = [
      "proc/meminfo": information, "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n",
      "sys/fs/cgroup/a/memory.max": "2147483648\n", "sys/fs/cgroup/a/b/memory.current": "7\n",
      "sys/fs/cgroup/a/memory.current": "1610612736\n", "sys/fs/cgroup/a/memory.stat": "anon 5\ninactive_file 536870912\n",
    ]
    let facts = try withFiles(limited) { MemoryFacts($0) }
    #expect(facts.total == 16 << 30)
    #expect(facts.available == 8 << 30)
    #expect(facts.limit == 2 << 30)
    #expect(facts.used == 1 << 30)
    #expect(facts.usable == 1 << 30)
    #expect(MachineCheck.memory(facts).status == .ok)
    let free = try withFiles(["proc/meminfo": information, "sys/fs/cgroup/memory.max": "max"]) { MemoryFacts($0) }
    #expect(free.limit == nil)
    #expect(free.usable == 8 << 30)
    let old = try withFiles([
      "proc/meminfo": "MemTotal: 4194304 kB\nMemAvailable: 524288 kB\n",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    ]) { MemoryFacts($0) }
    #expect(old.limit == nil)
    #expect(MachineCheck.memory(old).status == .warning)
  }

  @Test func installationsAreCompared() {
    let library = Result<String, any Error>.success("Open MPI v4.1.4")
    func failure(_ text: String) -> Result<String, any Error> { .failure(LongtailError(.mismatch, text)) }
    #expect(MachineCheck.messagePassing(library: library, launcher: .success("mpirun (Open MPI) 4.1.4")).status == .ok)
    #expect(MachineCheck.messagePassing(library: library, launcher: .success("mpirun (Open MPI) 5.0.2")).status == .problem)
    #expect(MachineCheck.messagePassing(library: library, launcher: .success("HYDRA build details: 4.1.4")).status == .problem)
    #expect(MachineCheck.messagePassing(library: library, launcher: nil).status == .warning)
    #expect(MachineCheck.messagePassing(library: library, launcher: failure("it died")).status == .warning)
    let none = MachineCheck.messagePassing(library: failure("libmpi.so.40 is not there"), launcher: nil)
    #expect(none.status == .warning)
    #expect(none.detail.contains("libmpi.so.40"))
    #expect(MPIInstallation.versionNumber(in: "no number") == nil)
  }

  @Test func containersAreRecognized() throws {
    func check(_ files: [String: String], root: Bool) throws -> MachineCheck {
      try withFiles(files) { MachineCheck.container($0, environment: [:], userIsRoot: root) }
    }
    let filtered = try check(["proc/self/status": "CapEff:\t00000000a80425fb\nSeccomp:\t2\n"], root: true)
    #expect(filtered.status == .warning)
    #expect(filtered.advice?.contains("OMPI_ALLOW_RUN_AS_ROOT=1") == true)
    for setting in ["btl_vader_single_copy_mechanism=none", "smsc=^cma"] { #expect(filtered.advice?.contains(setting) == true) }
    let tracing = try check(["proc/self/status": "CapEff:\t000001ffffffffff\nSeccomp:\t2\n"], root: false)
    #expect(tracing.status == .ok)
    let guarded = try check(
      ["proc/self/status": "CapEff:\t0\nSeccomp:\t0\n", "proc/sys/kernel/yama/ptrace_scope": "2\n"], root: false)
    #expect(guarded.status == .warning)
  }

  @Test func directoriesAreTried() throws {
    try withTemporaryDirectory { directory in
      let check = MachineCheck.directory("output", path: directory + "/not/yet/there")
      #expect(check.status != .problem)
      #expect(check.detail.hasPrefix(directory))
      let left = try FileManager.default.contentsOfDirectory(atPath: directory)
      #expect(left.isEmpty)
    }
    #expect(MachineCheck.directory("output", path: "/proc/nowhere").status == .problem)
    #expect(MachineCheck.sharedMemory(path: "/nowhere").status == .warning)
    #expect(MachineCheck.sharedMemory(path: NSTemporaryDirectory(), needed: 1 << 60).status == .warning)
  }

  @Test func theReportSumsUp() {
    let report = MachineCheckReport([
      MachineCheck("one", .ok, "fine"), MachineCheck("second", .warning, "slow", advice: "do this"),
      MachineCheck("third", .problem, "a\nb"),
    ])
    #expect(report.status == .problem)
    #expect(MachineCheckReport([]).status == .ok)
    let text = """
      ok       one     fine
      warning  second  slow
               do this
      problem  third   a
               b

      1 ok, 1 warning, 1 problem

      """
    #expect(report.text(for: .plain) == text)
    #expect(report.json.line.hasPrefix(#"{"status":"problem","checks":[{"name":"one","status":"ok","detail":"fine","advice":null}"#))
  }
}
