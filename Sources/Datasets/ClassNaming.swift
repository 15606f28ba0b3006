/// Which name belongs to which number in label files, as far as numbers and a list of names decide it.
///
/// A list without numbers begins at 0 or at 1. At 0 it does where the greatest number is that of its last name; at 1 where the greatest
/// number is the count of its names, so that counting from 0 would leave it without one. Where both are possible, the classes get neutral
/// names: one that is shifted by a place would look right in every report.
struct ClassNaming: Equatable {
  /// A number and its name.
  struct Entry: Equatable {
    var number: Int
    var name: String
  }

  /// The classes, by rising number.
  private(set) var classes: [Entry]
  /// Numbers that occur and are no class.
  private(set) var ignored: [Int] = []
  /// What a comment beside the names says.
  private(set) var remark = "names of your own, in this order"
  /// What a person has to decide or check.
  private(set) var notes: [String] = []

  private static let backgroundNames: Set = ["background", "_background_", "__background__", "bg"]
  private static let voidNames: Set = ["void", "ignore", "ignored", "__ignore__", "unlabelled", "unlabeled"]

  /// Names numbers.
  /// - Parameters:
  ///   - numbers: all that occur. 255 is a class only where masks of one thing are black and white.
  ///   - list: names that lie beside the data.
  init(numbers: Set<Int>, list: ClassNameList?) {
    let isBinary = numbers == [0, 255]
    let found = numbers.sorted().filter { isBinary || $0 != 255 }
    classes = found.map { Entry(number: $0, name: isBinary ? ($0 == 0 ? "background" : "object") : "class\($0)") }
    if let list { take(list, numbers, found, isBinary: isBinary) }
  }

  private mutating func take(_ list: ClassNameList, _ numbers: Set<Int>, _ found: [Int], isBinary: Bool) {
    let names = list.names
    if let problem = list.problem { return leaveNeutral(list, found, problem) }
    if let listed = list.numbers { return take(Dictionary(zip(listed, names)) { one, _ in one }, list, "by their numbers") }
    guard let greatest = found.last, let first = names.first else { return }
    if isBinary {
      let beginsWithBackground = Self.isBackground(first)
      if names.count == 2, beginsWithBackground { return take([0: names[0], 255: names[1]], list, "0 is the first") }
      if names.count == 1, !beginsWithBackground { return take([0: "background", 255: names[0]], list, "255 is the name") }
      return leaveNeutral(list, found, "has \(Self.count(names)) for masks of 0 and 255")
    }
    let fromZero = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($0, $1) })
    let fromOne = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($0 + 1, $1) })
    let hasZero = found.first == 0
    let isBackgroundFirst = Self.isBackground(first) || Self.isVoid(first)
    switch greatest {
    case names.count - 1 where hasZero:
      take(fromZero, list, "number 0 first")
    case ..<names.count where isBackgroundFirst || hasZero && numbers.contains(255):
      // Where 255 is what nobody labelled, 0 is a class.
      take(fromZero, list, "number 0 first")
    case names.count where !isBackgroundFirst && !hasZero:
      take(fromOne, list, "number 1 first")
    case names.count where !isBackgroundFirst:
      leaveNeutral(
        list, found,
        "has \(Self.count(names)) for the numbers \(Self.text(found)): either 0 is what nobody labelled and the first name is that of 1, or "
          + "one is missing")
    case ...names.count where !isBackgroundFirst:
      leaveNeutral(
        list, found,
        "has \(Self.count(names)), and whether the first is number 0 or number 1 cannot be told from "
          + Self.text(found))
    default: leaveNeutral(list, found, "has \(Self.count(names)), which do not fit the numbers \(Self.text(found))")
    }
  }

  private mutating func take(_ names: [Int: String], _ list: ClassNameList, _ rule: String) {
    // A name that says so makes no class of its number.
    ignored += classes.map(\.number).filter { number in names[number].map(Self.isVoid) ?? false && !ignored.contains(number) }
    ignored.sort()
    classes = classes.filter { !ignored.contains($0.number) }.map { Entry(number: $0.number, name: names[$0.number] ?? $0.name) }
    // One that has no name must not take that of another.
    let missing = classes.map(\.number).filter { names[$0] == nil }
    remark = "names of \(list.file), \(rule)"
    guard !missing.isEmpty else { return }
    notes.append("\(list.file) has no name for \(Self.text(missing)): write one into classes.")
  }

  private mutating func leaveNeutral(_ list: ClassNameList, _ found: [Int], _ problem: String) {
    remark = "\(list.file) \(problem); write the names here, in this order"
    notes.append(
      "\(list.file) \(problem): the classes are called \(classes.prefix(3).map(\.name).joined(separator: ", "))"
        + "\(classes.count > 3 ? " and so on" : ""). Write their names into classes.")
  }

  private static func isBackground(_ name: String) -> Bool { backgroundNames.contains(name.lowercased()) }
  private static func isVoid(_ name: String) -> Bool { voidNames.contains(name.lowercased()) }
  private static func count(_ names: [String]) -> String { names.count == 1 ? "1 name" : "\(names.count) names" }

  /// `0 to 3`, or `1, 5, 9`.
  private static func text(_ numbers: [Int]) -> String {
    guard let first = numbers.first, let last = numbers.last else { return "none" }
    if numbers.count > 2, last - first == numbers.count - 1 { return "\(first) to \(last)" }
    return numbers.prefix(8).map { "\($0)" }.joined(separator: ", ") + (numbers.count > 8 ? " and more" : "")
  }
}
