import Collectives
import Tensors

/// State on several ranks: rank zero reads and writes files, all hold the numbers.
extension StateTree {
  /// Gives rank zero's numbers to all ranks, bit for bit. Collective: two messages a leaf.
  /// - Throws: `LongtailError` where a rank holds other leaves.
  func broadcast(_ communicator: any Communicator) throws {
    guard communicator.size > 1 else { return }
    for leaf in leaves {
      var bytes = communicator.isRoot ? leaf.withBytes { [UInt8]($0) } : []
      try communicator.broadcast(&bytes, from: 0)
      if !communicator.isRoot { try leaf.setBytes(bytes) }
    }
  }

  /// The leaves that each rank has of its own, by the row that files keep them in.
  var rows: [(name: String, leaves: [StateLeaf])] {
    var rows: [(name: String, leaves: [StateLeaf])] = []
    for leaf in leaves {
      guard case .perRank(let name) = leaf.sharing else { continue }
      if rows.last?.name != name { rows.append((name, [])) }
      rows[rows.count - 1].leaves.append(leaf)
    }
    return rows
  }

  /// What a row of a rank is called in files.
  static func rowName(_ row: String, rank: Int) -> String { "\(row).rank.\(rank)" }

  /// The rows of all ranks, on rank zero; nothing in a single process, where the leaves say it all. Collective.
  func gatherRows(_ communicator: any Communicator) throws -> [StoredTensor] {
    guard communicator.size > 1 else { return [] }
    var gathered: [StoredTensor] = []
    for row in rows {
      let own = try row.leaves.flatMap { try $0.values().floats ?? [] }
      for (rank, bytes) in try communicator.gather(own.withUnsafeBytes { [UInt8]($0) }, to: 0).enumerated() {
        let values = Self.floats(bytes)
        gathered.append(StoredTensor(name: Self.rowName(row.name, rank: rank), shape: [values.count], values: .float32(values)))
      }
    }
    return gathered
  }

  /// Gives each rank its own rows, where as many ranks have written them; else all keep what they have, which is rank zero's. Collective.
  /// - Parameter tensors: on rank zero, what the file holds; rows are found by their names.
  /// - Throws: `LongtailError` for rows of another length.
  func distributeRows(_ tensors: [StoredTensor], _ communicator: any Communicator) throws {
    guard communicator.size > 1 else { return }
    for row in rows {
      let found = tensors.filter { $0.name.hasPrefix("\(row.name).rank.") }
      var bytes: [UInt8] = []
      if communicator.isRoot, found.count == communicator.size {
        let ordered = found.indices.compactMap { rank in
          found.first { $0.name == Self.rowName(row.name, rank: rank) }?.values.floats
        }
        bytes = ordered.flatMap { $0 }.withUnsafeBytes { [UInt8]($0) }
      }
      try communicator.broadcast(&bytes, from: 0)
      guard !bytes.isEmpty else { continue }
      let all = Self.floats(bytes)
      let count = row.leaves.reduce(0) { $0 + ($1.shape ?? []).reduce(1, *) }
      guard all.count == count * communicator.size else {
        throw LongtailError(
          .badData, "the checkpoint's rows '\(row.name)' hold \(all.count / communicator.size) numbers, expected \(count)",
          advice: "Check the model's name, width and number of classes in the configuration.")
      }
      var place = count * communicator.rank
      for leaf in row.leaves {
        let length = (leaf.shape ?? []).reduce(1, *)
        try leaf.set(.float32(Array(all[place..<place + length])))
        place += length
      }
    }
  }

  private static func floats(_ bytes: [UInt8]) -> [Float] {
    bytes.withUnsafeBytes { raw in (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) } }
  }
}
