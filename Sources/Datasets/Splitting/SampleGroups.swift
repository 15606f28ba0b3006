import Tensors

/// Samples that stay together in a split, such as the frames of one video, by their names.
package struct SampleGroups: Sendable, Equatable {
  /// The name of each group, in order; a sample's own name where each stays alone.
  package let names: [String]
  /// The samples of each group, in order.
  package let members: [[Int]]

  /// The rule that puts all samples of a folder into one group.
  package static let folderRule = "folder"

  /// Groups samples.
  /// - Parameters:
  ///   - samples: names of the samples, each another one.
  ///   - rule: `folder`, the part of the name before the last `/`; or a regular expression that is looked for in the name: what its first
  ///     group has found names the sample's group, without one all that was found. Nil leaves each sample alone.
  /// - Throws: `.usage` for a rule that is not a regular expression, or that finds nothing in a name.
  package init(samples: [String], rule: String?) throws {
    guard let rule else {
      (names, members) = (samples, samples.indices.map { [$0] })
      return
    }
    let group = try SampleGroups.naming(rule)
    var places: [String: Int] = [:]
    var (names, members): ([String], [[Int]]) = ([], [])
    for (index, sample) in samples.enumerated() {
      guard let name = try group(sample) else {
        throw LongtailError(
          .usage, "data.split.groupBy is '\(rule)', which finds nothing in the sample name '\(sample)'",
          advice: "Give a pattern for the part that samples of one group share, such as ^[^_]+ for all before the first _, or folder.")
      }
      if let place = places[name] {
        members[place].append(index)
      } else {
        places[name] = names.count
        names.append(name)
        members.append([index])
      }
    }
    (self.names, self.members) = (names, members)
  }

  private static func naming(_ rule: String) throws -> (String) throws -> String? {
    if rule == folderRule { return { name in name.lastIndex(of: "/").map { String(name[..<$0]) } } }
    let pattern: Regex<AnyRegexOutput>
    do { pattern = try Regex(rule) } catch {
      throw LongtailError(
        .usage, "data.split.groupBy is '\(rule)', which is not a regular expression: \(error)", advice: "Or group by folder.")
    }
    return { name in
      guard let match = try pattern.firstMatch(in: name) else { return nil }
      let found = match.output.count > 1 ? match.output[1].substring : match.output[0].substring
      return found.map(String.init)
    }
  }
}
