import Foundation
import Tensors

/// What the JSON of `longtail bench step` says about a step, as far as the number of ranks is concerned. Times in seconds.
package struct StepFigures: Sendable, Equatable {
  /// The network and its width, such as `unet 32`.
  package var model = ""
  /// Number of ranks.
  package var ranks = 1
  /// Compute threads of each rank.
  package var threads = 1
  /// Images of a step, over all ranks together.
  package var batch = 1
  /// Extents of the images.
  package var (width, height) = (0, 0)
  /// Each timed step.
  package var steps: [Double] = []
  /// Median of each phase, averaged over the ranks: forward, objective, backward, reduce, update.
  package var phases: [String: Double] = [:]

  /// Describes a step.
  package init() {}

  /// Reads the JSON that `longtail bench step --json` printed.
  /// - Parameter name: the file's name, for messages.
  /// - Throws: `LongtailError` with code `badData` if it is something else.
  package init(json: Data, name: String) throws {
    struct Size: Decodable { var width, height: Int }
    struct Times: Decodable { var all: [Double] }
    struct Content: Decodable {
      var benchmark, model: String
      var width, ranks, threads, batch: Int
      var size: Size
      var stepMilliseconds: Times
      var phases: [String: Double]
    }
    guard let content = try? JSONDecoder().decode(Content.self, from: json), content.benchmark == "step",
      content.ranks > 0, content.batch > 0, !content.stepMilliseconds.all.isEmpty
    else {
      throw LongtailError(.badData, "\(name) is not what `longtail bench step --json` prints")
    }
    model = "\(content.model) \(content.width)"
    (ranks, threads, batch) = (content.ranks, content.threads, content.batch)
    (width, height) = (content.size.width, content.size.height)
    steps = content.stepMilliseconds.all.map { $0 * 1e-3 }
    phases = content.phases.mapValues { $0 * 1e-3 }
  }

  /// Takes the figures of a measurement in this process.
  package init(_ report: StepBenchmarkReport) {
    let configuration = report.options.configuration
    model = "\(configuration.model.name) \(configuration.model.width)"
    (ranks, threads, batch) = (report.ranks, report.threads, configuration.training.globalBatch)
    (width, height) = (report.options.size.width, report.options.size.height)
    steps = report.steps
    phases = Dictionary(report.phases.map { ($0.name, $0.seconds) }, uniquingKeysWith: +)
  }

  /// Seconds of the median step.
  package var medianStep: Double { steps.median ?? 0 }
  /// Images of the rank that has most.
  package var imagesPerRank: Int { (batch + ranks - 1) / ranks }
  /// Seconds that grow with a rank's images: forward, objective, backward.
  package var imageSeconds: Double { ["forward", "objective", "backward"].reduce(0) { $0 + (phases[$1] ?? 0) } }
  /// Seconds of the optimizer, which do not depend on the images.
  package var updateSeconds: Double { phases["update"] ?? 0 }
  /// The share of the sums over ranks, waiting for the slowest included, in the time of all phases.
  package var reductionShare: Double {
    let total = phases.values.reduce(0, +)
    return total > 0 ? (phases["reduce"] ?? 0) / total : 0
  }
}
