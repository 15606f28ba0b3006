import Checkpoints
import Foundation
import Reports
import Tasks
import Tensors
import Training

/// A checkpoint's contents as `inspect` shows them.
struct InspectionReport {
  let inspection: CheckpointStore.Inspection
  /// The steps of all checkpoints of the run, where a run was named.
  let others: [Int]
  /// Only tensors whose names contain this.
  var match: String?

  init(_ inspection: CheckpointStore.Inspection, others: [Int]) {
    self.inspection = inspection
    self.others = others
  }

  private var tensors: [TensorSummary] { inspection.tensors.filter { match.map($0.name.contains) ?? true } }
  private var files: [String] {
    inspection.tensors.reduce(into: []) { names, tensor in if names.last != tensor.file { names.append(tensor.file) } }
  }

  // MARK: Text

  func text(for terminal: Terminal) -> String {
    var lines = [terminal.styled(inspection.examination.path, .bold)]
    if !inspection.examination.isValid {
      lines.append(terminal.styled("damaged:", .failure))
      lines += inspection.examination.damages.map { "  \($0)" }
    }
    lines.append("")
    if let run = inspection.run { lines += facts(run) + classes(run) }
    for file in files { lines += table(of: file) }
    return lines.joined(separator: "\n") + "\n"
  }

  private func facts(_ run: RunRecord) -> [String] {
    var rows: [(String, String)] = [
      ("step", Formatting.count(run.globalStep)), ("epochs", Formatting.count(run.epoch)),
      ("samples", Formatting.count(run.consumedSamples)), ("saved", Timestamp.text(run.savedAt)),
      ("training time", Formatting.duration(run.elapsedSeconds)),
      ("written by", "\(Formatting.plural(run.worldSize, "rank")) of \(Formatting.plural(run.threadsPerRank, "thread"))"),
      ("seed", "\(run.seed)"), ("format", "\(run.formatVersion)"),
    ]
    rows += run.versions.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    rows.append(("configuration", run.configurationDigest.isEmpty ? "none" : "\(run.configurationDigest.prefix(16)) (--config prints it)"))
    if let digest = inspection.examination.manifest?.digest { rows.append(("digest", digest)) }
    rows += run.counters.sorted { $0.key < $1.key }.map { ($0.key, Formatting.count($0.value)) }
    for best in run.best { rows.append(("best \(best.metric)", "\(Formatting.significant(best.value, 4)) at step \(best.step)")) }
    // Scores of classes have a column of their own, or are left to --json.
    let kinds = TaskRegistry.scoreKinds(of: run)
    for entry in ScoreTable(kinds.filter { $0.rank != .unlisted } + [.loss], groups: groups(of: run), classes: []).entries {
      if let value = run.metrics[entry.name] { rows.append((entry.name, Formatting.significant(value, 4))) }
    }
    if others.count > 1 { rows.append(("checkpoints", "steps " + others.map { "\($0)" }.joined(separator: ", "))) }
    let width = rows.map(\.0.count).max() ?? 0
    return rows.map { $0.0 + String(repeating: " ", count: width - $0.0.count + 2) + $0.1 } + [""]
  }

  /// What classes are judged by.
  private static func mainOfClasses(_ run: RunRecord) -> ScoreKind? {
    TaskRegistry.scoreKinds(of: run).first { $0.scopes.contains(.classes) && $0.rank == .main }
  }

  /// The groups of the classes, the common ones' first as far as the classes show it.
  private func groups(of run: RunRecord) -> [String] {
    let known = [ClassGroups.namesByShare, ClassGroups.namesByCount].first { Set($0).isSuperset(of: run.classGroups) }
    return known ?? []
  }

  private func classes(_ run: RunRecord) -> [String] {
    guard !run.classNames.isEmpty else { return [] }
    let kind = Self.mainOfClasses(run)
    var table = TextTable(columns: [.init("class"), .init("group"), .init("colour"), .init(kind?.heading ?? "score", isNumeric: true)])
    for (k, name) in run.classNames.enumerated() {
      table.append([
        name, k < run.classGroups.count ? run.classGroups[k] : "", k < run.classColours.count ? run.classColours[k] : "",
        kind.flatMap { kind in run.metrics["\(kind.name).\(name)"].map { kind.cell($0) } } ?? "",
      ])
    }
    return table.lines + [""]
  }

  private func table(of file: String) -> [String] {
    var table = TextTable(columns: [
      .init(file), .init("shape"), .init("type"), .init("norm", isNumeric: true), .init("mean", isNumeric: true),
      .init("minimum", isNumeric: true), .init("maximum", isNumeric: true), .init("not finite", isNumeric: true), .init("digest"),
    ])
    let all = inspection.tensors.filter { $0.file == file }
    let shown = tensors.filter { $0.file == file }
    func figure(_ value: Double?) -> String { value.map { Formatting.significant($0, 4) } ?? "" }
    for tensor in shown {
      table.append([
        tensor.name, tensor.shape.map { "\($0)" }.joined(separator: " x "), tensor.elementType.rawValue, figure(tensor.norm),
        figure(tensor.mean), figure(tensor.minimum), figure(tensor.maximum),
        tensor.nonFiniteCount == 0 ? "" : Formatting.count(tensor.nonFiniteCount),
        tensor.digest + (tensor.isIntact == false ? " damaged" : ""),
      ])
    }
    let bad = all.reduce(0) { $0 + $1.nonFiniteCount }
    let sum =
      "\(shown.count == all.count ? "" : "\(shown.count) of ")\(Formatting.plural(all.count, "tensor")), "
      + "\(Formatting.plural(all.reduce(0) { $0 + $1.count }, "number")), \(bad == 0 ? "all" : "all but \(Formatting.count(bad))") finite"
    return (shown.isEmpty ? [file] : table.lines) + [sum, ""]
  }

  // MARK: JSON

  var json: JSONValue {
    let examination = inspection.examination
    var members: [JSONValue.Member] = [
      .init("path", .string(examination.path)), .init("isValid", .bool(examination.isValid)),
      .init("damages", .array(examination.damages.map { .string($0.description) })),
      .init("digest", examination.manifest.map { .string($0.digest) } ?? .null), .init("bytes", .int(examination.byteCount)),
    ]
    if let run = inspection.run { members += Self.members(run) }
    if !others.isEmpty { members.append(.init("stepsOfTheRun", .array(others.map(JSONValue.int)))) }
    members.append(.init("tensors", .array(tensors.map(Self.json))))
    return .object(members)
  }

  private static func members(_ run: RunRecord) -> [JSONValue.Member] {
    func object<Value>(_ values: [String: Value], _ convert: (Value) -> JSONValue) -> JSONValue {
      .object(values.sorted { $0.key < $1.key }.map { .init($0.key, convert($0.value)) })
    }
    let kind = mainOfClasses(run)
    let classes = run.classNames.enumerated().map { k, name in
      JSONValue.members([
        "index": .int(k), "name": .string(name), "group": k < run.classGroups.count ? .string(run.classGroups[k]) : .null,
        "colour": k < run.classColours.count ? .string(run.classColours[k]) : .null,
        kind?.name ?? "score": .number(kind.flatMap { run.metrics["\($0.name).\(name)"] }),
      ])
    }
    return [
      .init("formatVersion", .int(run.formatVersion)), .init("step", .int(run.globalStep)), .init("epochs", .int(run.epoch)),
      .init("samples", .int(run.consumedSamples)), .init("seed", .string("\(run.seed)")), .init("savedAt", .double(run.savedAt)),
      .init("elapsedSeconds", .double(run.elapsedSeconds)), .init("ranks", .int(run.worldSize)),
      .init("threadsPerRank", .int(run.threadsPerRank)), .init("versions", object(run.versions) { .string($0) }),
      .init("configurationDigest", .string(run.configurationDigest)), .init("configuration", .string(run.configurationText)),
      .init("metrics", object(run.metrics) { .double($0) }),
      .init(
        "best",
        .array(run.best.map { .members(["metric": .string($0.metric), "value": .double($0.value), "step": .int($0.step)]) })),
      .init("counters", object(run.counters) { .int($0) }), .init("classes", .array(classes)),
      .init("predictionOffsets", .array(run.predictionOffsets.map(JSONValue.double))),
    ]
  }

  private static func json(_ tensor: TensorSummary) -> JSONValue {
    .members([
      "file": .string(tensor.file), "name": .string(tensor.name), "shape": .array(tensor.shape.map(JSONValue.int)),
      "type": .string(tensor.elementType.rawValue), "count": .int(tensor.count), "norm": .double(tensor.norm),
      "mean": .number(tensor.mean), "minimum": .number(tensor.minimum), "maximum": .number(tensor.maximum),
      "notFinite": .int(tensor.nonFiniteCount), "digest": .string(tensor.digest),
      "isIntact": tensor.isIntact.map(JSONValue.bool) ?? .null,
    ])
  }
}
