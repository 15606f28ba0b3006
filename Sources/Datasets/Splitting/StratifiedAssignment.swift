import Tensors

/// Shares groups of samples out over parts, such as training and validation, or folds.
///
/// Classes are taken one after the other, always the one that the fewest samples left show; each of its groups goes to the part that lacks
/// most samples of that class, by what it should have; of equal ones to the part that lacks most samples at all. So rare classes come
/// first, while there is a choice. Groups without classes follow. Without classes at all, only the numbers of samples count.
/// Groups of a class are taken in a random order that depends on seed and names alone: neither the order in which a folder is listed, nor
/// the number of ranks, nor other samples' names move it.
/// Source: Sechidis, Tsoumakas, Vlahavas, "On the stratification of multi-label data", ECML PKDD 2011.
/// Costs a pass over classes and parts for each group.
enum StratifiedAssignment {
  /// A part for each group.
  /// - Parameters:
  ///   - groups: the groups.
  ///   - classes: of each sample; nil to share out numbers of samples only.
  ///   - shares: of each part; they add up to 1.
  static func parts(of groups: SampleGroups, classes: SampleClasses?, shares: [Double], seed: UInt64) -> [Int] {
    // Samples of a group that show each class.
    let contents: [[Int: Int]] = groups.members.map { members in
      members.reduce(into: [:]) { counts, sample in
        for entry in classes?[sample] ?? [] { counts[entry.classIndex, default: 0] += 1 }
      }
    }
    let order = groups.names.indices.map { (key: key(groups.names[$0], seed), group: $0) }
      .sorted { ($0.key, groups.names[$0.group]) < ($1.key, groups.names[$1.group]) }.map(\.group)
    let classCount = classes?.classCount ?? 0
    var left = [Int](repeating: 0, count: classCount)
    var groupsOfClass = [[Int]](repeating: [], count: classCount)
    for group in order {
      for (classIndex, count) in contents[group] {
        left[classIndex] += count
        groupsOfClass[classIndex].append(group)
      }
    }
    let sampleCount = groups.members.reduce(0) { $0 + $1.count }
    var lackingOfClass = left.map { total in shares.map { $0 * Double(total) } }
    var lacking = shares.map { $0 * Double(sampleCount) }
    var parts = [Int](repeating: -1, count: groups.names.count)

    func assign(_ group: Int, by wanted: [Double]) {
      let part = lacking.indices.max { (wanted[$0], lacking[$0], -$0) < (wanted[$1], lacking[$1], -$1) } ?? 0
      parts[group] = part
      lacking[part] -= Double(groups.members[group].count)
      for (classIndex, count) in contents[group] {
        lackingOfClass[classIndex][part] -= Double(count)
        left[classIndex] -= count
      }
    }

    // Large groups first, while there is room for them; groups of one size stay in their order.
    func largestFirst(_ groups: [Int], _ size: (Int) -> Int) -> [Int] {
      groups.enumerated().sorted { (-size($0.element), $0.offset) < (-size($1.element), $1.offset) }.map(\.element)
    }
    while let rarest = left.indices.filter({ left[$0] > 0 }).min(by: { (left[$0], $0) < (left[$1], $1) }) {
      let open = groupsOfClass[rarest].filter { parts[$0] < 0 }
      for group in largestFirst(open, { contents[$0][rarest] ?? 0 }) { assign(group, by: lackingOfClass[rarest]) }
    }
    for group in largestFirst(order.filter { parts[$0] < 0 }, { groups.members[$0].count }) { assign(group, by: lacking) }
    return parts
  }

  /// A random number for a name.
  private static func key(_ name: String, _ seed: UInt64) -> UInt64 {
    let hash = name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return CounterRandom(seed: seed, purpose: .splitting, epoch: Int(hash >> 32), sample: Int(hash & 0xffff_ffff)).bits(0)
  }
}
