import BuiltInTasks
import Configuration
import Datasets
import Foundation
import Images
import Kernels
import Networks
import Segmentation
import Tensors
import TestSupport
import Testing

@testable import Training

/// Windows and scales against a slow computation that shares nothing with the fast one but the network.
@Suite(.computePool) struct WindowTests {
  init() throws { try BuiltInParts.register() }

  /// Runs a network of random weights on crops that are cut pixel by pixel.
  private struct Reference {
    let experiment: Experiment
    let network: Network
    let classes: Int

    init(_ configuration: Configuration) throws {
      experiment = try Experiment(configuration)
      let size = experiment.paddedEvaluationSize
      network = try Network(
        graph: experiment.graph, images: 1, height: size.height, width: size.width, seed: 3,
        options: PlanOptions(algorithms: .fixed(.direct)))
      classes = experiment.classNames.count
    }

    /// Probabilities of a part: by row, column and class.
    func look(_ image: RGBImage, x: Int, y: Int, width: Int, height: Int) throws -> [Double] {
      let data = experiment.configuration.data
      let multiple = experiment.graph.strideMultiple
      let (rows, columns) = ((height + multiple - 1) / multiple * multiple, (width + multiple - 1) / multiple * multiple)
      let plan = try network.inferencePlan(images: 1, height: rows, width: columns)
      let memory = HostBuffer(floatCount: 3 * rows * columns)
      memory.withFloats { input in
        for row in 0..<height {
          for column in 0..<width {
            let colour = image[x + column, y + row]
            for (channel, value) in [colour.red, colour.green, colour.blue].enumerated() {
              let number = (Double(value) / 255 - data.mean[channel]) / data.standardDeviation[channel]
              input[(channel * rows + row) * columns + column] = Float(number)
            }
          }
        }
      }
      try plan.forward(network.parameterSet, images: BatchImages(memory))
      let logits = try plan.logits()
      var result: [Double] = []
      logits.buffer.withFloats { scores in
        for row in 0..<height {
          for column in 0..<width {
            let own = (0..<classes).map { Double(scores[logits.index(image: 0, row: row * columns + column, class: $0)]) }
            let largest = own.max() ?? 0
            let exponentials = own.map { Foundation.exp($0 - largest) }
            let sum = exponentials.reduce(0, +)
            result += exponentials.map { $0 / sum }
          }
        }
      }
      return result
    }

    /// The beginnings of windows: as far apart as the overlap lets them be, the last one at the end.
    func starts(_ extent: Int, _ window: Int, _ overlap: Double) -> [Int] {
      if extent <= window { return [0] }
      var (places, next) = ([Int](), 0)
      while true {
        places.append(min(next, extent - window))
        if next >= extent - window { return places }
        next += max(1, Int(Double(window) * (1 - overlap)))
      }
    }

    func probabilities(_ image: RGBImage, _ views: Configuration.Views) throws -> [Double] {
      var total = [Double](repeating: 0, count: classes * image.width * image.height)
      var looks = 0.0
      for scale in views.scales {
        let (width, height) = (max(1, Int((Double(image.width) * scale).rounded())), max(1, Int((Double(image.height) * scale).rounded())))
        let scaled = scale == 1 ? image : image.resized(width: width, height: height)
        for mirrored in views.flip ? [false, true] : [false] {
          let seen = mirrored ? scaled.mirrored() : scaled
          let (columns, rows) = (min(width, views.window?.width ?? width), min(height, views.window?.height ?? height))
          var (sums, counts) = ([Double](repeating: 0, count: classes * width * height), [Double](repeating: 0, count: width * height))
          for y in starts(height, rows, views.overlap) {
            for x in starts(width, columns, views.overlap) {
              let part = try look(seen, x: x, y: y, width: columns, height: rows)
              for row in 0..<rows {
                for column in 0..<columns {
                  let place = (y + row) * width + x + column
                  counts[place] += 1
                  for k in 0..<classes { sums[place * classes + k] += part[(row * columns + column) * classes + k] }
                }
              }
            }
          }
          looks += 1
          func value(_ x: Int, _ y: Int, _ k: Int) -> Double {
            let column = mirrored ? width - 1 - x : x
            return sums[(y * width + column) * classes + k] / counts[y * width + column]
          }
          for y in 0..<image.height {
            for x in 0..<image.width {
              let (sx, sy) = (
                max(0, (Double(x) + 0.5) * Double(width) / Double(image.width) - 0.5),
                max(0, (Double(y) + 0.5) * Double(height) / Double(image.height) - 0.5)
              )
              let (x0, y0) = (min(width - 1, Int(sx)), min(height - 1, Int(sy)))
              let (x1, y1) = (min(width - 1, x0 + 1), min(height - 1, y0 + 1))
              for k in 0..<classes {
                let above = value(x0, y0, k) * (1 - (sx - Double(x0))) + value(x1, y0, k) * (sx - Double(x0))
                let below = value(x0, y1, k) * (1 - (sx - Double(x0))) + value(x1, y1, k) * (sx - Double(x0))
                total[(y * image.width + x) * classes + k] += above * (1 - (sy - Double(y0))) + below * (sy - Double(y0))
              }
            }
          }
        }
      }
      return total.map { $0 / looks }
    }
  }

  private func configuration(_ root: String, _ overrides: [String]) throws -> Configuration {
    try Configuration(yaml: String(contentsOfFile: TinyExperiment.camVid(in: root), encoding: .utf8), name: "tiny", overrides: overrides)
  }

  private func image(_ width: Int, _ height: Int, _ random: inout SeededNumbers) -> RGBImage {
    var image = RGBImage(width: width, height: height)
    for place in image.pixels.indices { image.pixels[place] = UInt8(truncatingIfNeeded: random.next()) }
    return image
  }

  private func views(_ window: (Int, Int)?, _ overlap: Double, _ scales: [Double], _ flip: Bool) throws -> Configuration.Views {
    var views = Configuration.Views()
    if let window { views.window = Configuration.Size(width: window.0, height: window.1) }
    (views.overlap, views.scales, views.flip) = (overlap, scales, flip)
    return views
  }

  /// Two hundred windows, overlaps, scales and images, most of them smaller than the window in one direction or both.
  @Test func twoHundredLooksAgreeWithASlowReference() throws {
    try withTemporaryDirectory { root in
      let reference = try Reference(configuration(root, []))
      var random = SeededNumbers(seed: 35)
      var (worst, whole, oneDirection) = (0.0, 0, 0)
      for member in 0..<200 {
        let image = image(Int.random(in: 5...50, using: &random), Int.random(in: 5...40, using: &random), &random)
        let window = (Int.random(in: 8...70, using: &random), Int.random(in: 8...70, using: &random))
        let overlaps: [Double] = [0, 1.0 / 3, 0.5, 0.75]
        let several: [[Double]] = [[1], [1], [0.5, 1], [1, 1.3]]
        let (overlap, scales) = (overlaps[Int.random(in: 0..<4, using: &random)], several[Int.random(in: 0..<4, using: &random)])
        let flip = Bool.random(using: &random)
        let chosen = try views(window, overlap, scales, flip)
        let map = try MultiViewInference(reference.experiment.inference(reference.network), views: chosen).probabilities(of: image)
        let expected = try reference.probabilities(image, chosen)
        let plane = image.width * image.height
        for pixel in 0..<plane {
          for k in 0..<map.classes { worst = max(worst, abs(Double(map.values[k * plane + pixel]) - expected[pixel * map.classes + k])) }
        }
        #expect(worst < 2e-5, "member \(member): \(image.width) x \(image.height), window \(window)")
        let largest = scales.max() ?? 1
        let covers = (Double(image.width) * largest <= Double(window.0), Double(image.height) * largest <= Double(window.1))
        if covers.0 != covers.1 { oneDirection += 1 }
        guard covers.0 && covers.1 else { continue }
        whole += 1
        let plain = try MultiViewInference(reference.experiment.inference(reference.network), views: views(nil, overlap, scales, flip))
          .probabilities(of: image)
        #expect(plain.values == map.values, "member \(member): a window that covers the image is none")
      }
      print("windows: 200 looks, largest difference \(worst); \(whole) covered the image, \(oneDirection) in one direction")
      #expect(whole > 20 && oneDirection > 20)
    }
  }

  /// Also where a branch of the network looks at the whole image; predictions are those without a window, exactly.
  @Test(arguments: [["data.size={width: 40, height: 40}"], []])
  func aWindowLargerThanTheImageChangesNothing(size: [String]) throws {
    try withTemporaryDirectory { root in
      var random = SeededNumbers(seed: 4)
      let image = image(64, 48, &random)
      var results: [[UInt8]] = []
      var maps: [[Float]] = []
      let windows = [nil, "{width: 64, height: 48}", "{width: 96, height: 48}", "{width: 64, height: 200}", "{width: 256, height: 256}"]
      for window in windows {
        let settings = ["model.name=deeplabv3-resnet18"] + size + (window.map { ["evaluation.views={window: \($0)}"] } ?? [])
        let reference = try Reference(configuration(root, settings))
        let predictor = Predictor(
          reference.experiment.inference(reference.network), views: reference.experiment.configuration.evaluation.views)
        results.append(try predictor.predict(image).labels)
        maps.append(try predictor.probabilities(of: image).values)
      }
      for place in windows.indices.dropFirst() {
        #expect(results[place] == results[0], "\(windows[place] ?? "none")")
        #expect(maps[place] == maps[0], "\(windows[place] ?? "none")")
      }
    }
  }
}
