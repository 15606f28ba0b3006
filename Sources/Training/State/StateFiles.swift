import Checkpoints
import Tensors

/// Where the leaves of a run's state lie in the files of a checkpoint, by which names. They have been the same since version 0.1.
///
/// | leaves | file | name |
/// |---|---|---|
/// | `model.…`, or `average.…` where an average is kept | `model.safetensors` | without the part's name |
/// | `model.…` beside an average | `optimizer.safetensors` | `live.…` |
/// | the buffers of `optimizer.…` | `optimizer.safetensors` | without `optimizer.` |
/// | counts | `run.json` | the last part of the path |
/// | all others, and the rows of single ranks | `state.safetensors` | the path |
struct StateFiles {
  /// The part whose leaves are the model that is judged and published.
  let published: String

  /// - Parameter hasAverage: whether the model that is published is an average of the parameters, which training goes on from.
  init(hasAverage: Bool) { published = hasAverage ? "average" : "model" }

  /// What the names of parameters and statistics begin with that training goes on from, where the model is their average.
  static let livePrefix = "live."

  private enum Place: Hashable {
    case model(String)
    case optimizer(String)
    case state(String)
    case record(String)
  }

  private func place(of leaf: StateLeaf) -> Place {
    func name(without part: String) -> String? { leaf.path.hasPrefix("\(part).") ? String(leaf.path.dropFirst(part.count + 1)) : nil }
    if leaf.isCount { return .record(leaf.path.split(separator: ".").last.map(String.init) ?? leaf.path) }
    if let name = name(without: published) { return .model(name) }
    if let name = name(without: "model") { return .optimizer(Self.livePrefix + name) }
    if leaf.isInBuffer, let name = name(without: "optimizer") { return .optimizer(name) }
    return .state(leaf.path)
  }

  /// What a checkpoint holds.
  /// - Parameters:
  ///   - rows: what single ranks have of their own.
  ///   - record: what the run's record says beside the counts.
  /// - Throws: `LongtailError` from the conversion.
  func contents(of tree: StateTree, rows: [StoredTensor], record: RunRecord) throws -> CheckpointContents {
    var contents = CheckpointContents(model: [], run: record)
    for leaf in tree.leaves {
      let values = try leaf.values()
      let shape = leaf.shape ?? [values.count]
      switch place(of: leaf) {
      case .record(let name): contents.run[count: name] = values.integers?.first.map { Int($0) }
      case _ where values == leaf.absent: continue
      case .model(let name): contents.model.append(NamedTensor(name: name, shape: shape, values: values.floats ?? []))
      case .optimizer(let name): contents.optimizer.append(NamedTensor(name: name, shape: shape, values: values.floats ?? []))
      case .state(let name): contents.state.append(StoredTensor(name: name, shape: shape, values: values))
      }
    }
    contents.state += rows
    return contents
  }

  /// The tensors of a checkpoint by the paths of the leaves that they belong to; those that belong to none under the names of files.
  func tensors(in contents: CheckpointContents, for tree: StateTree) -> [StoredTensor] {
    let paths = Dictionary(tree.leaves.map { (place(of: $0), $0.path) }, uniquingKeysWith: { first, _ in first })
    var tensors: [StoredTensor] = []
    func add(_ tensor: StoredTensor, at place: Place) {
      tensors.append(StoredTensor(name: paths[place] ?? tensor.name, shape: tensor.shape, values: tensor.values))
    }
    for tensor in contents.model { add(StoredTensor(tensor), at: .model(tensor.name)) }
    for tensor in contents.optimizer { add(StoredTensor(tensor), at: .optimizer(tensor.name)) }
    let rows = tree.rows.map { "\($0.name).rank." }
    for tensor in contents.state where !rows.contains(where: tensor.name.hasPrefix) { add(tensor, at: .state(tensor.name)) }
    for case (.record(let name), let path) in paths {
      if let count = contents.run[count: name] { tensors.append(StoredTensor(name: path, Int64(count))) }
    }
    return tensors
  }
}

extension RunRecord {
  /// A count of what the run has met on its way.
  fileprivate subscript(count name: String) -> Int? {
    get { name == "consumedSamples" ? consumedSamples : counters[name] }
    set {
      if name == "consumedSamples" {
        consumedSamples = newValue ?? 0
      } else {
        counters[name] = newValue
      }
    }
  }
}
