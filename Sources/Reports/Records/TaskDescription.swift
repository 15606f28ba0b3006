import Foundation
import Tasks

/// What reports have to know of a run's task: what it counts, how its groups and its scores are called. A part of `classes.json`.
package struct TaskDescription: Sendable, Equatable, Codable {
  /// The task: `segmentation`.
  package var name: String
  /// What is counted by class.
  package var unit: String
  /// The groups, the common classes' first.
  package var groups: [String]
  /// The kinds of scores, in the order in which they are shown.
  package var scores: [ScoreKind]

  /// Creates a task description.
  package init(name: String, unit: String, groups: [String], scores: [ScoreKind]) {
    (self.name, self.unit, self.groups, self.scores) = (name, unit, groups, scores)
  }

  /// Asks a task.
  package init(_ task: any Task) {
    self.init(name: task.name, unit: task.countUnit.name, groups: task.groupNames, scores: task.scoreKinds)
  }

  /// What is counted.
  package var countUnit: CountUnit { CountUnit(unit) }
  /// Whether labels are maps of pixels, which have a resolution and colours.
  var countsPixels: Bool { countUnit == .pixels }
  /// What the whole is judged by.
  package var main: ScoreKind? { scores.first { $0.rank == .main && $0.scopes.contains(.whole) } }
  /// What a class is judged by.
  package var mainOfClasses: ScoreKind? { scores.first { $0.rank == .main && $0.scopes.contains(.classes) } }
  /// What tables show of the whole, the main one first.
  package var listed: [ScoreKind] { scores.filter { $0.rank != .unlisted && $0.scopes.contains(.whole) } }
  /// What tables show of a class, the main one first.
  package var listedOfClasses: [ScoreKind] { scores.filter { $0.rank != .unlisted && $0.scopes.contains(.classes) } }

  /// The colours of the style sheets belong to three groups: those of the common, of the middle and of the rare classes.
  func style(ofGroup name: String) -> String {
    guard let place = groups.firstIndex(of: name) else { return "" }
    return place == 0 ? "head" : place == groups.count - 1 ? "tail" : "medium"
  }
}

extension CodingUserInfoKey {
  /// The description of the task whose records are read.
  static let task: CodingUserInfoKey = {
    guard let key = CodingUserInfoKey(rawValue: "task") else { preconditionFailure("any name is a key") }
    return key
  }()
}
