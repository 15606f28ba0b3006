import Settings
import Tensors
import TestSupport
import Testing

/// Settings of a made-up thing, one of each kind.
struct Recipe: Section {
  enum Colour: String, Choice { case red, green, none }

  struct Oven: Section {
    var degrees = 180
    var minutes = 0

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("degrees", &degrees, "heat", .between(50, 300))
      // Its own condition refuses what it begins with, which is therefore not listed as a default.
      visitor.key("minutes", &minutes, "time", .atLeast(1))
    }
  }

  var dish = ""
  var share = 0.5
  var portions = 4
  var isHot = true
  var colour = Colour.red
  var spices: [Name] = []
  var steps: Int?
  var table: [String: SettingValue]?
  var oven = Oven()

  mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.requiredKey("dish", &dish, "what is cooked", .notEmpty)
    visitor.key("share", &share, "how much of it", .between(0, below: 1))
    visitor.key("portions", &portions, "plates", .oneOf([1, 2, 4]))
    visitor.key("isHot", &isHot, "warm or not")
    visitor.key("colour", &colour, "how it looks")
    visitor.key("spices", &spices, "what goes in")
    visitor.optionalKey("steps", &steps, "how long it takes", .atLeast(1))
    visitor.optionalKey("table", &table, "who sits where")
    visitor.section("oven", &oven, "where it is cooked")
  }

  func contradictions() -> [Contradiction] { isHot || colour != .none ? [] : [Contradiction("colour", "cold food needs a colour")] }
}

@Suite struct RegistryTests {
  static let registry = Registry(
    ExtensibleList<RegistryEntry<Int, String>>(
      "recipe",
      [
        RegistryEntry("soup", summary: "soup", about: "Hot.", settings: Recipe()) {
          "\($0.dish) \($0.share) \($0.spices.map(\.text)) \($1)"
        },
        RegistryEntry("water", summary: "water", about: "Cold.", source: "Nobody, 1900") { _, input in "\(input)" },
      ]))

  private func failure(_ values: [String: SettingValue]) -> LongtailError? {
    let whole = ["dish": "stew"].merging(values) { $1 }
    let failure = longtailError { try Self.registry.make("soup", whole, 1) }
    #expect(failure?.code == .usage)
    // What is refused when it is made is refused before, in the same words.
    #expect(longtailError { try Self.registry.check("soup", whole) }?.description == failure?.description)
    return failure
  }

  @Test func valuesReplaceDefaults() throws {
    #expect(try Self.registry.make("soup", ["dish": "stew"], 3) == "stew 0.5 [] 3")
    let spices: SettingValue = ["salt", 12, true]
    #expect(try Self.registry.make("soup", ["dish": "x", "share": 0, "spices": spices], 3) == "x 0.0 [\"salt\", \"12\", \"true\"] 3")
    #expect(try Self.registry.make("water", [:], 7) == "7")
  }

  @Test func unknownNamesAndKeysNameTheNearest() {
    let name = longtailError { try Self.registry.make("sop", [:], 1) }
    #expect(name?.code == .usage && name?.message == "there is no recipe 'sop'")
    #expect(name?.advice == "Did you mean 'soup'? Known: soup, water.")
    let key = failure(["shre": 1])
    #expect(key?.message == "recipe soup: there is no setting 'shre'" && key?.advice?.hasPrefix("Did you mean 'share'?") == true)
    let inner = failure(["oven": ["degres": 1]])
    #expect(inner?.message == "recipe soup: there is no setting 'oven.degres'" && inner?.advice?.contains("'degrees'") == true)
    #expect(longtailError { try Self.registry.check("water", ["ice": true]) }?.advice == "It has no settings.")
  }

  @Test(
    arguments: [
      (["share": 1], "share is 1, it must be at least 0.0 and below 1.0", "share (number, [0, 1)): how much of it."),
      (["share": "much"], "share is \"much\" (a text), expected a number", "share (number, [0, 1)): how much of it."),
      (["share": nil], "share is null (nothing), expected a number", "share (number, [0, 1)): how much of it."),
      (["portions": 3], "portions is 3, it must be 1, 2 or 4", "portions (whole number, 1, 2 or 4): plates."),
      (
        ["colour": "gren"], "colour is \"gren\" (a text), expected one of red, green, none",
        "Did you mean 'green'? Known: red, green, none."
      ),
      (
        ["spices": "salt"], "spices is \"salt\" (a text), expected a list, each element a name; write it in brackets, such as [a, b]",
        "spices"
      ),
      (["steps": 0], "steps is 0, it must be at least 1", "steps (whole number, at least 1): how long it takes."),
      (["oven": 3], "oven is 3 (a whole number), expected a mapping of keys", ""),
      (["oven": ["degrees": 20]], "oven.degrees is 20, it must lie between 50 and 300", "oven.degrees (whole number, 50 to 300): heat."),
      (["isHot": false, "colour": "none"], "colour: cold food needs a colour", ""),
      (["dish": " "], "dish is \" \", it must not be empty", "dish (text): what is cooked."),
      (["dish": nil], "dish is missing", "Give what is cooked."),
    ] as [([String: SettingValue], String, String)])
  func whatCannotBeIsRefused(_ values: [String: SettingValue], _ message: String, _ advice: String) {
    let failure = failure(values)
    #expect(failure?.message == "recipe soup: \(message)")
    #expect(failure?.advice?.hasPrefix(advice) ?? advice.isEmpty)
  }

  @Test func severalMistakesAreToldAtOnce() {
    let text = failure(["share": 2, "shade": "red", "isHot": 1])?.message ?? ""
    #expect(text.hasPrefix("3 problems:\n"))
    for part in ["recipe soup: share is 2", "'shade'", "isHot is 1 (a whole number), expected true or false"] {
      #expect(text.contains(part))
    }
  }

  @Test func checksOfAnEntryComeBeforeItIsMade() {
    let entry = RegistryEntry<Void, Int>(
      "picky", summary: "", about: "", settings: Recipe.Oven(),
      check: { if $0.degrees == 60 { throw LongtailError(.usage, "not 60") } },
      make: { settings, _ in throw LongtailError(.internalError, "made with \(settings.degrees)") })
    #expect(longtailError { try entry.make(["degrees": 60], (), kind: "oven") }?.message == "not 60")
    #expect(longtailError { try entry.make(["degrees": 61], (), kind: "oven") }?.message == "made with 61")
  }

  @Test func listingsHaveTypesAndRanges() throws {
    let lines = try Self.registry.entry("soup").settings
    #expect(
      lines.map(\.path) == [
        "dish", "share", "portions", "isHot", "colour", "spices", "steps", "table", "oven", "oven.degrees", "oven.minutes",
      ])
    #expect(
      lines.map(\.form) == [
        "text", "number, [0, 1)", "whole number, 1, 2 or 4", "true or false", "word, red | green | none", "list of names",
        "whole number, at least 1", "mapping", "", "whole number, 50 to 300", "whole number, at least 1",
      ])
    #expect(lines.map(\.defaultText) == ["required", "0.5", "4", "true", "red", "[]", "-", "-", "-", "180", "required"])
    let description = Self.registry.description(name: "recipe", summary: "food", place: "here")
    #expect(description.entries.map(\.source) == [nil, "Nobody, 1900"])
    #expect(try description.entry("water").settings.isEmpty)
    #expect(longtailError { try description.entry("watr") }?.advice?.contains("'water'") == true)
    // The defaults of what need not be given are taken as they are.
    let defaults = try Self.registry.entry("soup").defaults
    #expect(defaults["dish"] == nil && defaults["share"] == 0.5 && defaults["steps"] == .null)
    try Self.registry.check("soup", defaults.merging(["dish": "x"]) { $1 })
  }
}
