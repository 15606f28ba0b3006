import Configuration
import Foundation
import Images
import Metrics
import Tensors
import Training

/// What a run wrote down: its configuration, its steps and its evaluations, read from its directory.
public struct RunResults: Sendable, Equatable {
  /// A line of `log.jsonl`, as far as reports need it.
  public struct Step: Sendable, Equatable, Decodable {
    /// Steps done.
    public var step: Int
    /// The epoch, from 1.
    public var epoch: Int
    /// The loss of the global batch; not a number where the step was left out.
    public var loss: Double
    /// Seconds of the step.
    public var seconds: Double
    /// Images of the global batch, where the line tells.
    public var images: Int?
    /// The learning rate, where the line tells.
    public var learningRate: Double?
    /// Whether the step was left out because something about it was wrong.
    public var isSkipped: Bool
    /// What was far above the steps before, such as `loss`.
    public var spikes: [String]
    /// Seconds by phase.
    public var phases: [String: Double]

    private enum CodingKeys: String, CodingKey { case step, epoch, loss, skipped, time, images, learningRate, spikes }

    /// Reads a line.
    public init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      step = try values.decode(Int.self, forKey: .step)
      epoch = try values.decode(Int.self, forKey: .epoch)
      isSkipped = try values.decodeIfPresent(Bool.self, forKey: .skipped) ?? false
      loss = isSkipped ? .nan : try values.decode(Double.self, forKey: .loss)
      images = try values.decodeIfPresent(Int.self, forKey: .images)
      learningRate = try values.decodeIfPresent(Double.self, forKey: .learningRate)
      spikes = try values.decodeIfPresent([String: Double].self, forKey: .spikes)?.keys.sorted() ?? []
      var times = try values.decode([String: Double].self, forKey: .time)
      guard let whole = times.removeValue(forKey: "step") else {
        throw DecodingError.dataCorruptedError(forKey: .time, in: values, debugDescription: "the time of the step is missing")
      }
      seconds = whole
      phases = times
    }
  }

  /// The directory.
  public let path: String
  /// The merged configuration of the run.
  public let configuration: Configuration
  /// Every step.
  public let steps: [Step]
  /// Every evaluation, the training shares of its classes included.
  public let evaluations: [EvaluationRecord]
  /// What was counted in the training split.
  public let training: TrainingCounts
  /// The classes' colours, as far as they are known; in the data set's order.
  public let colours: [RGBColour]

  /// Which algorithms its convolutions used last, and who chose them; nil where that is not on record.
  public let algorithms: AlgorithmRecord?

  /// Pixels and images of the training split.
  public struct TrainingCounts: Sendable, Equatable {
    /// Labelled pixels of each class.
    public var pixels: [Int] = []
    /// Images that show each class.
    public var images: [Int?] = []
    /// All images, where known.
    public var imageCount: Int?
    /// Pixels of an image on average, ignored ones included, where known.
    public var pixelsPerImage: Double?
  }

  /// The last evaluation; nil when the run has none yet.
  public var last: EvaluationRecord? { evaluations.last }
  /// Steps done.
  public var stepCount: Int { steps.last?.step ?? 0 }
  /// The time of a step in the middle of all: pauses and slow first steps do not count.
  public var secondsPerStep: Double? { SampleStatistics.median(steps.map(\.seconds)) }

  /// The mean loss of each epoch, from the first. Steps that were left out do not count.
  public var lossByEpoch: [(epoch: Int, loss: Double)] {
    var sums: [Int: (sum: Double, count: Int)] = [:]
    for step in steps where step.loss.isFinite {
      sums[step.epoch] = (sums[step.epoch, default: (0, 0)].sum + step.loss, sums[step.epoch, default: (0, 0)].count + 1)
    }
    return sums.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sum / Double($0.value.count)) }
  }

  /// The shares of the squared gradient norm by class, each the mean over all evaluations of the run; nil where none was logged.
  public var gradientShares: [Double?] {
    (last?.classes ?? []).indices.map { k in
      SampleStatistics(evaluations.map { k < $0.classes.count ? $0.classes[k].gradientShare : nil }).mean
    }
  }

  /// Whether there is a run in a directory.
  public static func exist(at path: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/config.yaml") }

  /// Reads a run directory. Lines that a killed process left torn are passed over.
  /// - Throws: `LongtailError(.missingInput)` where there is no run, `.badData` where a file of it is not what it should be.
  public init(readingFrom path: String) throws {
    self.path = path
    guard RunResults.exist(at: path) else {
      throw LongtailError(.missingInput, "\(path): there is no run (no config.yaml in it)", advice: "Name the directory of a run.")
    }
    configuration = try Configuration.load("\(path)/config.yaml")
    steps = try RunResults.lines("\(path)/log.jsonl")
    let classes: ClassFile? = try RunResults.file("\(path)/classes.json")
    let audit: AuditFile? = try RunResults.file("\(path)/label-audit.json")
    let lines: [EvaluationLine] = try RunResults.lines("\(path)/classes.jsonl")
    evaluations = lines.map { $0.record(shares: classes?.classes.map(\.trainingShare) ?? []) }
    var counts = TrainingCounts()
    counts.pixels = classes?.classes.map(\.trainingPixels) ?? []
    counts.images = classes?.classes.map(\.trainingImages) ?? []
    if let audit = audit?.statistics, audit.imageCount > 0 {
      counts.imageCount = audit.imageCount
      counts.pixelsPerImage = Double(audit.pixels.reduce(0, +) + audit.ignoredPixels) / Double(audit.imageCount)
    }
    training = counts
    let environment: RecordedEnvironment? = try RunResults.file("\(path)/environment.json")
    algorithms = environment?.algorithms
    colours = (classes?.classes ?? []).enumerated().map { k, entry in
      entry.colour.flatMap(RGBColour.init(hexadecimal:)) ?? .distinct(k)
    }
  }

  private struct ClassFile: Decodable {
    struct Entry: Decodable {
      var trainingPixels: Int
      var trainingImages: Int?
      var trainingShare: Double?
      var colour: String?
    }
    var classes: [Entry]
  }

  private struct AuditFile: Decodable {
    struct Counts: Decodable {
      var pixels: [Int]
      var ignoredPixels: Int
      var imageCount: Int
    }
    var statistics: Counts
  }

  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }

  static func file<Content: Decodable>(_ path: String) throws -> Content? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    do {
      return try decoder.decode(Content.self, from: data)
    } catch {
      throw damaged(path, error)
    }
  }

  /// The whole lines of a file; none where there is no file.
  private static func lines<Line: Decodable>(_ path: String) throws -> [Line] {
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    let decoder = decoder
    let end = data.lastIndex(of: UInt8(ascii: "\n")) ?? data.startIndex
    return try data[..<end].split(separator: UInt8(ascii: "\n")).enumerated().map { number, line in
      do {
        return try decoder.decode(Line.self, from: Data(line))
      } catch {
        throw damaged("\(path):\(number + 1)", error)
      }
    }
  }

  private static func damaged(_ place: String, _ error: any Error) -> LongtailError {
    LongtailError(
      .badData, "\(place): this is not what a run writes: \(error)",
      advice: "Train the run again, or take its directory out of the comparison.")
  }
}
