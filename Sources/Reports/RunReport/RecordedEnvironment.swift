import Training

/// What `environment.json` tells of the machine and the versions that a run was made with.
struct RecordedEnvironment: Decodable {
  var started: String?
  var hosts: [String]?
  var ranks: Int?
  var threadsPerRank: Int?
  var system: String?
  var processor: String?
  var processors: Int?
  var memoryBytes: Int?
  var versions: [String: String]?
  var gitCommit: String?
  var algorithms: AlgorithmRecord?

  /// Names with values, for a table; what is not known is left out.
  var facts: [(String, String)] {
    var facts: [(String, String)] = []
    func add(_ name: String, _ value: String?) { if let value, !value.isEmpty { facts.append((name, value)) } }
    add("started", started)
    add("ranks", ranks.map { Formatting.count($0) + (threadsPerRank.map { " of \(Formatting.plural($0, "thread"))" } ?? "") })
    add("hosts", hosts.map(RecordedEnvironment.listed))
    add("processor", processor.map { $0 + (processors.map { ", \(Formatting.plural($0, "core"))" } ?? "") })
    add("memory", memoryBytes.map(Formatting.bytes))
    add("system", system)
    for (name, version) in (versions ?? [:]).sorted(by: { $0.key < $1.key }) { add(name, version) }
    add("algorithms", algorithms.map { "\($0.source), digest \($0.digest)" })
    add("commit", gitCommit)
    return facts
  }

  /// Hosts with the number of ranks on each, in the order of their first ranks.
  private static func listed(_ hosts: [String]) -> String {
    var names: [String] = []
    for host in hosts where !names.contains(host) { names.append(host) }
    return names.map { name in
      let count = hosts.count { $0 == name }
      return count == 1 ? name : "\(name) (\(count) ranks)"
    }.joined(separator: ", ")
  }
}
