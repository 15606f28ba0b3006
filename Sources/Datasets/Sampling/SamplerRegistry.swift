import Settings
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
  /// The classes of each sample; nil where they were not counted.
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
  /// Name, settings, and how it is made.
  public let entry: RegistryEntry<SamplerContext, any Sampler>
  /// Whether it has to know the classes of each sample.
  public let needsClasses: Bool

  /// The name in configurations.
  public var name: String { entry.name }

  /// Describes a sampler.
  /// - Parameters:
  ///   - entry: name, settings, and how it is made.
  ///   - needsClasses: whether the classes of each training sample are counted before it is made.
  public init(_ entry: RegistryEntry<SamplerContext, any Sampler>, needsClasses: Bool = true) {
    self.entry = entry
    self.needsClasses = needsClasses
  }
}

/// The samplers, by name. A program adds its own with `register`.
public enum SamplerRegistry {
  /// The samplers of the house; a new one is one more line here.
  private static let list = ExtensibleList<SamplerEntry>(
    "sampler",
    [
      .shuffled, .weighted, .classAware, .classFirst, .squareRoot, .progressive, .repeatFactor, .balancedCopies, .effectiveNumber,
      .rareClass,
    ], name: \.name)

  /// The samplers; those that a program has registered stand last.
  package static var entries: [SamplerEntry] { list.elements }

  /// The same without what they need.
  package static let registry = Registry(list) { $0.entry }

  /// Adds a sampler of your own, which configurations then name as any other.
  /// - Throws: `LongtailError(.usage)` for a name that is taken, and after the program has begun.
  public static func register(_ entry: SamplerEntry) throws { try list.register(entry) }

  /// The names, in the order of `entries`.
  package static var names: [String] { registry.names }

  /// Whether a sampler has to know the classes of each sample.
  /// - Throws: `.usage` for a name that there is not, with the nearest.
  package static func needsClasses(_ name: String) throws -> Bool {
    let name = try registry.entry(name).name
    return entries.contains { $0.name == name && $0.needsClasses }
  }

  /// Makes a sampler.
  /// - Parameters:
  ///   - name: one of `names`.
  ///   - settings: what differs from the defaults.
  /// - Throws: `.usage` for unknown names and keys, with the nearest known one, for values of another kind or out of range, and for a sampler
  ///   whose first epoch has another length than it says or samples that there are not; `.badData`
  ///   where no sample has a class; `.internalError` where the classes are needed and not there.
  package static func make(_ name: String, settings: [String: SettingValue], context: SamplerContext) throws -> any Sampler {
    try check(name, settings: settings)
    if try needsClasses(name) {
      guard let classes = context.classes else {
        throw LongtailError(.internalError, "sampler \(name) needs the classes of each sample, which were not counted")
      }
      guard classes.count == context.sampleCount else {
        throw LongtailError(
          .internalError, "sampler \(name) was given the classes of \(classes.count) samples where there are \(context.sampleCount)")
      }
    }
    let sampler = try registry.make(name, settings, context)
    try requireSamples(of: sampler, name, count: context.sampleCount)
    return sampler
  }

  /// Refuses a sampler whose first epoch is not what it says: another length, or samples that there are not.
  /// - Throws: `.usage` naming the sampler and what it gives.
  package static func requireSamples(of sampler: any Sampler, _ name: String, count: Int) throws {
    guard !(sampler is any StepwiseSampler) else { return }
    let samples = sampler.samples(epoch: 0)
    guard samples.count == sampler.epochLength else {
      throw LongtailError(
        .usage, "sampler \(name) gives \(samples.count) samples for an epoch of \(sampler.epochLength)",
        advice: "samples(epoch:) has to give as many as epochLength says.")
    }
    if let wrong = samples.first(where: { !(0..<count).contains($0) }) {
      throw LongtailError(
        .usage, "sampler \(name) draws sample \(wrong) of \(count)", advice: "Samples are numbered from 0 to sampleCount - 1.")
    }
  }

  /// Refuses a name or settings as `make` does, where the samples are not known yet.
  /// - Throws: `.usage`.
  package static func check(_ name: String, settings: [String: SettingValue]) throws { try registry.check(name, settings) }

  /// What people may read about samplers.
  package static var description: KindDescription {
    registry.description(
      name: "sampler", summary: "which training samples an epoch is made of, and how often",
      place: "Settings are keys of `data.sampler.settings`.")
  }
}
