import Checkpoints
import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Where and with what a run takes place: the content of `environment.json`.
package struct RunEnvironment: Sendable, Equatable {
  /// When the run was started, in UTC.
  package var started = Timestamp.now()
  /// The hosts of the ranks, in rank order.
  package var hosts: [String] = [ProcessInfo.processInfo.hostName]
  /// How many ranks.
  package var ranks = 1
  /// Compute threads of each rank.
  package var threadsPerRank = 1
  /// The operating system and its kernel.
  package var system = RunEnvironment.systemName()
  /// The processor's model.
  package var processor = RunEnvironment.processorName()
  /// Processors that this host offers.
  package var processors = ProcessInfo.processInfo.activeProcessorCount
  /// Memory of this host, in bytes.
  package var memoryBytes = Int(clamping: ProcessInfo.processInfo.physicalMemory)
  /// Versions by name: `longtail`, `oneDNN`, `MPI`, `Swift`, ...
  package var versions: [String: String] = [:]
  /// Which algorithms the convolutions use, and who chose them.
  package var algorithms: AlgorithmRecord?
  /// The commit of the working directory's git repository, where there is one.
  package var gitCommit: String?
  /// The command line.
  package var arguments = CommandLine.arguments
  /// The working directory.
  package var workingDirectory = FileManager.default.currentDirectoryPath
  /// Variables that change how a run goes: those of Open MPI, OpenMP, oneDNN, Slurm and Longtail.
  package var variables: [String: String] = [:]

  /// What can be found out without asking MPI; ranks, hosts, threads and versions are for the caller to fill in.
  /// - Parameters:
  ///   - variables: the process's environment.
  ///   - directory: where the search for a git repository begins, upwards.
  package static func current(
    variables: [String: String] = ProcessInfo.processInfo.environment,
    directory: String = FileManager.default.currentDirectoryPath
  ) -> RunEnvironment {
    var result = RunEnvironment()
    result.variables = relevant(variables)
    result.gitCommit = GitRepository.commit(at: directory)
    return result
  }

  /// The variables worth a record. Settings of the launcher are all of them; of the rest only what may change results or speed.
  package static func relevant(_ variables: [String: String]) -> [String: String] {
    let prefixes = ["OMPI_MCA_", "OMP_", "GOMP_", "KMP_", "DNNL_", "ONEDNN_", "LONGTAIL_", "MALLOC_"]
    let names: Set<String> = [
      "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE", "OMPI_UNIVERSE_SIZE", "SLURM_JOB_ID", "SLURM_JOB_NAME", "SLURM_NTASKS",
      "SLURM_NTASKS_PER_NODE", "SLURM_NNODES", "SLURM_NODELIST", "SLURM_CPUS_PER_TASK", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID",
      "SLURM_RESTART_COUNT", "SLURM_JOB_END_TIME", "LD_PRELOAD", "LD_LIBRARY_PATH",
    ]
    return variables.filter { name, _ in names.contains(name) || prefixes.contains { name.hasPrefix($0) } }
  }

  private static func systemName() -> String {
    let release = (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)) ?? ""
    let kernel = release.trimmingCharacters(in: .whitespacesAndNewlines)
    let name = ProcessInfo.processInfo.operatingSystemVersionString
    return kernel.isEmpty ? name : "\(name), kernel \(kernel)"
  }

  private static func processorName() -> String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    for line in text.split(separator: "\n") where line.hasPrefix("model name") {
      if let colon = line.firstIndex(of: ":") { return line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces) }
    }
    return "unknown"
  }
}

/// Reads a git repository's files. No git process is started: a rank starts none.
enum GitRepository {
  /// The commit checked out in the repository that a directory lies in; nil where there is none.
  static func commit(at directory: String) -> String? {
    var place = URL(fileURLWithPath: directory).standardizedFileURL
    while true {
      if let found = gitDirectory(of: place) { return head(of: found) }
      let parent = place.deletingLastPathComponent().standardizedFileURL
      if parent == place || place.path == "/" { return nil }
      place = parent
    }
  }

  private static func text(_ url: URL) -> String? {
    (try? String(contentsOf: url, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// `.git` is a directory, or a file that names one (worktrees, submodules).
  private static func gitDirectory(of place: URL) -> URL? {
    let git = place.appendingPathComponent(".git")
    if FileManager.default.fileExists(atPath: git.appendingPathComponent("HEAD").path) { return git }
    guard let line = text(git), line.hasPrefix("gitdir: ") else { return nil }
    return URL(fileURLWithPath: String(line.dropFirst(8)), relativeTo: place).standardizedFileURL
  }

  private static func head(of directory: URL) -> String? {
    guard let head = text(directory.appendingPathComponent("HEAD")) else { return nil }
    guard head.hasPrefix("ref: ") else { return checked(head) }
    let name = String(head.dropFirst(5))
    let common = text(directory.appendingPathComponent("commondir")).map { URL(fileURLWithPath: $0, relativeTo: directory) } ?? directory
    for place in [directory, common] {
      if let found = text(place.appendingPathComponent(name)).flatMap(checked) { return found }
    }
    let packed = text(common.appendingPathComponent("packed-refs")) ?? ""
    return packed.split(separator: "\n").first { $0.hasSuffix(" \(name)") }.flatMap { checked(String($0.prefix { $0 != " " })) }
  }

  private static func checked(_ text: String) -> String? {
    text.count >= 40 && text.allSatisfy(\.isHexDigit) ? text : nil
  }
}
