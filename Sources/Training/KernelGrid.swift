import Configuration
import Foundation
import Images
import Kernels
import Models
import Networks
import Tensors
import Threading

/// Times the algorithms of the convolutions of several networks, batches and threads: what the cost model is made from and held against.
package struct KernelGrid: Sendable {
  /// A network of the grid.
  package struct Model: Sendable, Hashable {
    /// The name in configurations.
    package var name: String
    /// Channels of the first level, where the network has a choice.
    package var width: Int

    /// Reads `unet:32`, or a name alone.
    /// - Throws: `LongtailError` with code `usage` for a width that is not a number.
    package init(_ text: String) throws {
      let parts = text.split(separator: ":", maxSplits: 1)
      guard let first = parts.first, let width = parts.count == 2 ? Int(parts[1]) : 32 else {
        throw LongtailError(.usage, "'\(text)' is not a network with a width", advice: "For example: unet:32, deeplabv3-resnet50.")
      }
      (name, self.width) = (String(first), width)
    }

    /// The text that it is read from.
    package var description: String { "\(name):\(width)" }
  }

  /// The networks.
  package var models: [Model]
  /// Images of a step.
  package var batches = [1, 4, 8]
  /// Compute threads.
  package var threads = [1, 2]
  /// Extents of the images.
  package var size = ImageSize(width: 256, height: 256)
  /// Channels of the logits.
  package var classes = 12

  /// U-Nets of two widths, SegNet, a dilated ResNet-50 with DeepLabV3's head, a pyramid on a ResNet-18.
  package static let defaultModels = ["unet:16", "unet:32", "segnet:32", "deeplabv3-resnet50", "fpn-resnet18"]

  /// The grid that the cost model's prices come from.
  /// - Throws: `LongtailError` with code `usage` for text that is no network.
  package init(models: [String] = KernelGrid.defaultModels) throws { self.models = try models.map(Model.init) }

  /// Measures all of it, the small ones first. The pool's number of threads is changed, and left at the last.
  /// - Parameter progress: receives each network before it is measured.
  /// - Throws: `LongtailError` for unknown networks, or when one cannot be compiled.
  package func measure(progress: (String) -> Void) throws -> KernelMeasurements {
    let graphs = try models.map { try ModelRegistry.make($0.name, width: $0.width, classes: classes) }
    var result = KernelMeasurements()
    var table: AlgorithmTable = [:]
    for count in threads {
      ComputePool.configure(threadCount: count)
      for images in batches {
        for (model, graph) in zip(models, graphs) {
          progress("\(model.description), \(images) images of \(size.width)x\(size.height), \(count) threads")
          let known = result.networks.count
          for block in KernelBenchmark.channelBlocks {
            let found = try KernelBenchmark.measure(
              graph, images: images, height: size.height, width: size.width, known: table, channelBlock: block)
            guard let measured = found else { continue }
            table.merge(measured.table) { first, _ in first }
            result.networks.append(
              .init(model: model.description, images: images, threads: count, channelBlock: block, uses: measured.uses))
          }
          if result.networks.count == known {
            throw LongtailError(
              .internalError, "\(model.description): the library has but reference loops for one of its layers, in blocks of any size")
          }
        }
      }
    }
    result.times = table.mapValues(\.milliseconds)
    return result
  }
}

/// What a grid of kernels has been measured to take: the content of the file that `longtail bench kernels` writes.
package struct KernelMeasurements: Codable, Sendable {
  /// A network of the grid.
  package struct Network: Codable, Sendable {
    /// Its name and width.
    package var model: String
    /// Images of a step.
    package var images: Int
    /// Compute threads.
    package var threads: Int
    /// Channels that lie together in activations; files of AVX2 alone need not say it.
    package var channelBlock: Int? = 8
    /// How often each convolution occurs in a step.
    package var uses: [ConvolutionSignature: Int]
  }

  /// The version of the format.
  package var version = 1
  /// Names and versions of what was measured.
  package var versions = Versions.all
  /// The networks.
  package var networks: [Network] = []
  /// Milliseconds of each algorithm, by convolution.
  package var times: [ConvolutionSignature: [String: Double]] = [:]

  /// Nothing measured.
  package init() {}

  /// Reads a file.
  /// - Throws: `LongtailError` where there is none, or where it holds something else.
  package init(file path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw LongtailError(.missingInput, "cannot read \(path)", advice: "Name a file that `longtail bench kernels --output` wrote.")
    }
    do {
      self = try JSONDecoder().decode(KernelMeasurements.self, from: data)
    } catch {
      throw LongtailError(.badData, "\(path) holds no measurements of kernels: \(AlgorithmChoices.reason(error))")
    }
  }

  /// The content of the file.
  /// - Throws: what the encoder throws.
  package func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return try encoder.encode(self)
  }

  /// Takes over what another grid has measured; of what both have, the smaller times.
  package mutating func merge(_ other: KernelMeasurements) {
    networks += other.networks.filter { new in
      !networks.contains {
        $0.model == new.model && $0.images == new.images && $0.threads == new.threads && $0.channelBlock == new.channelBlock
          && $0.uses == new.uses
      }
    }
    for (signature, milliseconds) in other.times { times[signature, default: [:]].merge(milliseconds, uniquingKeysWith: min) }
  }

  /// The same as choices, for the fit.
  package var table: AlgorithmTable { times.mapValues { AlgorithmChoices.Choice(algorithm: .direct, milliseconds: $0) } }
}
