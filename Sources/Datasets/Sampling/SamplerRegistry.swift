import Tensors

/// What a sampler is made for.
public struct SamplerContext: Sendable {
  /// The run's seed.
  public var seed: UInt64
  /// Number of samples to choose from.
  public var sampleCount: Int
  /// Positions of an epoch; nil is as many as there are samples.
  public var epochLength: Int?
  /// Epochs of the run.
  public var epochs: Int
  /// Names of the classes, in order.
  public var classNames: [String]
  /// The classes of each sample; nil where nobody has counted them.
  public var classes: SampleClasses?

  /// Names everything.
  public init(seed: UInt64, sampleCount: Int, epochLength: Int? = nil, epochs: Int, classNames: [String], classes: SampleClasses?) {
    self.seed = seed
    self.sampleCount = sampleCount
    self.epochLength = epochLength
    self.epochs = epochs
    self.classNames = classNames
    self.classes = classes
  }

  /// Positions of an epoch.
  public var length: Int { epochLength ?? sampleCount }
}

/// A sampler that can be named in a configuration.
public struct SamplerEntry: Sendable {
  /// A setting of it.
  public struct Setting: Sendable {
    /// The key.
    public let key: String
    /// What it is where it is not given; nil where it must be, or where the meaning says what is done then.
    public let usual: SettingValue?
    /// What it does, with its range.
    public let meaning: String

    /// Describes a setting.
    public init(key: String, usual: SettingValue?, meaning: String) { (self.key, self.usual, self.meaning) = (key, usual, meaning) }
  }

  /// The name.
  public let name: String
  /// One line about it.
  public let summary: String
  /// The keys that it understands.
  public let settings: [Setting]
  /// Whether it has to know the classes of each sample.
  public let needsClasses: Bool
  let make: @Sendable (SamplerSettings, SamplerContext) throws -> any Sampler

  /// Describes a sampler.
  public init(
    name: String, summary: String, settings: [Setting] = [], needsClasses: Bool = true,
    make: @escaping @Sendable (SamplerSettings, SamplerContext) throws -> any Sampler
  ) {
    self.name = name
    self.summary = summary
    self.settings = settings
    self.needsClasses = needsClasses
    self.make = make
  }
}

/// All samplers, by name.
public enum SamplerRegistry {
  /// The samplers; a new one is one more line here.
  public static let entries: [SamplerEntry] = [
    .shuffled, .weighted, .classAware, .classFirst, .squareRoot, .progressive, .repeatFactor, .balancedCopies, .effectiveNumber,
  ]

  /// The names, in the order of `entries`.
  public static var names: [String] { entries.map(\.name) }

  /// The entry of a name.
  /// - Throws: `.usage` for one that there is not, with the nearest.
  public static func entry(_ name: String) throws -> SamplerEntry {
    guard let entry = entries.first(where: { $0.name == name }) else {
      throw LongtailError.unknownName("sampler", name, known: names, at: "data.sampler.name")
    }
    return entry
  }

  /// Makes a sampler.
  /// - Parameters:
  ///   - name: one of `names`.
  ///   - settings: what differs from the usual.
  /// - Throws: `.usage` for unknown names and keys, with the nearest known one, and for values of another kind or out of range; `.badData` where
  ///   no sample has a class; `.internalError` where the classes are needed and not there.
  public static func make(_ name: String, settings: [String: SettingValue], context: SamplerContext) throws -> any Sampler {
    let entry = try entry(name)
    try check(name, settings: settings)
    if entry.needsClasses {
      guard let classes = context.classes else {
        throw LongtailError(.internalError, "sampler '\(name)' needs the classes of each sample, which were not counted")
      }
      guard classes.count == context.sampleCount else {
        throw LongtailError(
          .internalError, "sampler '\(name)' was given the classes of \(classes.count) samples where there are \(context.sampleCount)")
      }
    }
    return try entry.make(SamplerSettings(entry: entry, values: settings), context)
  }

  /// Refuses names and keys that there are not.
  /// - Throws: `.usage`.
  public static func check(_ name: String, settings: [String: SettingValue]) throws {
    let known = try entry(name).settings.map(\.key)
    for key in settings.keys.sorted() where !known.contains(key) {
      guard known.isEmpty else { throw LongtailError.unknownName("setting", key, known: known, at: "sampler '\(name)'") }
      throw LongtailError(.usage, "sampler '\(name)' has no settings, but '\(key)' is given", advice: "Leave it out.")
    }
  }
}

/// Settings of one sampler, read with messages that name sampler and key.
public struct SamplerSettings: Sendable {
  let entry: SamplerEntry
  let values: [String: SettingValue]

  private func value(_ key: String) -> SettingValue? {
    if let given = values[key], !given.isNull { return given }
    return entry.settings.first { $0.key == key }?.usual
  }

  /// An error about a key.
  func wrong(_ key: String, _ problem: String, advice: String? = nil) -> LongtailError {
    LongtailError(.usage, "sampler '\(entry.name)': \(key) \(problem)", advice: advice)
  }

  /// A number for which a condition holds.
  /// - Throws: `.usage` for anything else.
  func number(_ key: String, _ condition: String, _ holds: (Double) -> Bool) throws -> Double {
    guard let value = value(key), let number = value.doubleValue else {
      throw wrong(key, "is \(value(key)?.description ?? "not given"), expected a number")
    }
    guard number.isFinite, holds(number) else { throw wrong(key, "is \(number), but must be \(condition)") }
    return number
  }

  /// A whole number of 1 or more, or nil where none is given and none is usual.
  /// - Throws: `.usage` for anything else.
  func count(_ key: String) throws -> Int? {
    guard let value = value(key) else { return nil }
    guard let number = value.intValue else { throw wrong(key, "is \(value), expected a whole number") }
    guard number >= 1 else { throw wrong(key, "is \(number), but must be at least 1") }
    return number
  }

  /// A mapping, which must be given.
  /// - Throws: `.usage` for anything else.
  func map(_ key: String) throws -> [String: SettingValue] {
    guard let value = value(key) else { throw wrong(key, "is missing") }
    guard let map = value.mapValue else { throw wrong(key, "is \(value.kind), expected a mapping") }
    return map
  }
}
