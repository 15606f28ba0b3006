import Checkpoints

extension RunEnvironment: Codable {
  private enum CodingKeys: String, CodingKey {
    case started, hosts, ranks, threadsPerRank, system, processor, processors, memoryBytes, versions, algorithms, gitCommit, arguments
    case workingDirectory, variables
  }

  /// Reads the file. What it lacks is empty or 0: never this machine's.
  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init()
    func text(_ key: CodingKeys) throws -> String { try values.decodeIfPresent(String.self, forKey: key) ?? "" }
    func number(_ key: CodingKeys) throws -> Int { try values.decodeIfPresent(Int.self, forKey: key) ?? 0 }
    (started, system, processor, workingDirectory) = (
      try text(.started), try text(.system), try text(.processor), try text(.workingDirectory)
    )
    (ranks, threadsPerRank, processors, memoryBytes) = (
      try number(.ranks), try number(.threadsPerRank), try number(.processors), try number(.memoryBytes)
    )
    hosts = try values.decodeIfPresent([String].self, forKey: .hosts) ?? []
    arguments = try values.decodeIfPresent([String].self, forKey: .arguments) ?? []
    versions = try values.decodeIfPresent([String: String].self, forKey: .versions) ?? [:]
    variables = try values.decodeIfPresent([String: String].self, forKey: .variables) ?? [:]
    algorithms = try values.decodeIfPresent(AlgorithmRecord.self, forKey: .algorithms)
    gitCommit = try values.decodeIfPresent(String.self, forKey: .gitCommit)
  }

  /// Writes the file.
  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(started, forKey: .started)
    try values.encode(hosts, forKey: .hosts)
    try values.encode(ranks, forKey: .ranks)
    try values.encode(threadsPerRank, forKey: .threadsPerRank)
    try values.encode(system, forKey: .system)
    try values.encode(processor, forKey: .processor)
    try values.encode(processors, forKey: .processors)
    try values.encode(memoryBytes, forKey: .memoryBytes)
    var names = values.nestedContainer(keyedBy: RecordKey.self, forKey: .versions)
    for (name, version) in versions.sorted(by: { $0.key < $1.key }) { try names.encode(version, forKey: RecordKey(name)) }
    try values.encode(algorithms, forKey: .algorithms)
    try values.encode(gitCommit, forKey: .gitCommit)
    try values.encode(arguments, forKey: .arguments)
    try values.encode(workingDirectory, forKey: .workingDirectory)
    var set = values.nestedContainer(keyedBy: RecordKey.self, forKey: .variables)
    for (name, value) in variables.sorted(by: { $0.key < $1.key }) { try set.encode(value, forKey: RecordKey(name)) }
  }

  /// Names with values, for a table; what is not known is left out.
  var facts: [(String, String)] {
    var facts: [(String, String)] = []
    func add(_ name: String, _ value: String?) { if let value, !value.isEmpty { facts.append((name, value)) } }
    add("started", started)
    add(
      "ranks",
      ranks > 0 ? Formatting.count(ranks) + (threadsPerRank > 0 ? " of \(Formatting.plural(threadsPerRank, "thread"))" : "") : nil)
    add("hosts", listedHosts)
    add("processor", processor.isEmpty ? nil : processor + (processors > 0 ? ", \(Formatting.plural(processors, "core"))" : ""))
    add("memory", memoryBytes > 0 ? Formatting.bytes(memoryBytes) : nil)
    add("system", system)
    for (name, version) in versions.sorted(by: { $0.key < $1.key }) { add(name, version) }
    add("algorithms", algorithms.map { "\($0.source), digest \($0.digest)" })
    add("commit", gitCommit)
    return facts
  }

  /// Hosts with the number of ranks on each, in the order of their first ranks.
  private var listedHosts: String {
    var names: [String] = []
    for host in hosts where !names.contains(host) { names.append(host) }
    return names.map { name in
      let count = hosts.count { $0 == name }
      return count == 1 ? name : "\(name) (\(count) ranks)"
    }.joined(separator: ", ")
  }
}
