import BuiltInTasks
import Configuration
import Foundation
import Images
import Networks
import Segmentation
import TestSupport
import Testing

@testable import Training

@Suite(.computePool) struct MultiViewInferenceTests {
  init() throws { try BuiltInParts.register() }

  @Test(arguments: [(10, 10, 0.5), (11, 10, 0.0), (64, 10, 1.0 / 3), (100, 30, 0.9), (5, 10, 0.5), (1, 1, 0)])
  func windowsCoverAnAxis(extent: Int, window: Int, overlap: Double) {
    let starts = WindowPlacement.starts(extent: extent, window: window, overlap: overlap)
    #expect(starts.first == 0)
    #expect(starts == starts.sorted() && Set(starts).count == starts.count)
    if let last = starts.last, extent > window { #expect(last + window == extent) }
    for (one, next) in zip(starts, starts.dropFirst()) {
      #expect(Double(one + window - next) >= overlap * Double(window) - 1e-9, "neighbours share enough")
    }
    if extent <= window { #expect(starts == [0]) }
  }

  /// A network with random weights on an image whose size its stride does not divide.
  private func withNetwork(_ views: String, _ body: (Experiment, Network, RGBImage) throws -> Void) throws {
    try withTemporaryDirectory { directory in
      let path = try TinyExperiment.camVid(in: directory)
      let configuration = try Configuration(yaml: String(contentsOfFile: path, encoding: .utf8), overrides: ["evaluation.views={\(views)}"])
      let experiment = try Experiment(configuration)
      let size = experiment.paddedEvaluationSize
      let network = try Network(
        graph: experiment.graph, images: 1, height: size.height, width: size.width, seed: 3,
        options: PlanOptions(algorithms: .fixed(.direct)))
      try body(experiment, network, RGBImage(contentsOf: "\(directory)/val/0.png"))
    }
  }

  @Test func oneLookIsThePlainPrediction() throws {
    try withNetwork("") { experiment, network, image in
      let predictor = Predictor(experiment.inference(network), views: experiment.configuration.evaluation.views)
      let map = try predictor.probabilities(of: image)
      let labels = try predictor.label(map)
      let plain = try predictor.predict(image)
      #expect(labels == plain)
      let plane = image.width * image.height
      for pixel in 0..<plane {
        let sum = (0..<map.classes).reduce(Float(0)) { $0 + map.values[$1 * plane + pixel] }
        #expect(abs(sum - 1) < 1e-5)
      }
    }
  }

  /// A window as large as the image, or larger, is the image.
  @Test(arguments: ["window: {width: 50, height: 38}", "window: {width: 64, height: 48}, overlap: 0.5"])
  func aLargeWindowIsTheWholeImage(views: String) throws {
    var expected: [Float] = []
    try withNetwork("window: {width: 64, height: 48}") { experiment, network, image in
      // Padding to 64 x 48 is what the network's stride makes of 50 x 38 too.
      var plain = Configuration.Views()
      plain.flip = false
      expected = try MultiViewInference(experiment.inference(network), views: plain).probabilities(of: image).values
    }
    try withNetwork(views) { experiment, network, image in
      let map = try Predictor(experiment.inference(network), views: experiment.configuration.evaluation.views).probabilities(of: image)
      #expect(map.values == expected)
    }
  }

  /// With the mirror image in the mean, mirroring the input mirrors the result.
  @Test(arguments: ["flip: true", "flip: true, scales: [0.5, 1, 1.3]", "flip: true, window: {width: 30, height: 20}, overlap: 0.5"])
  func mirroredInputsGiveMirroredResults(views: String) throws {
    try withNetwork(views) { experiment, network, image in
      let predictor = Predictor(experiment.inference(network), views: experiment.configuration.evaluation.views)
      let map = try predictor.probabilities(of: image)
      let mirrored = try predictor.probabilities(of: image.mirrored())
      var largest: Float = 0
      for line in 0..<map.classes * image.height {
        for x in 0..<image.width {
          largest = max(largest, abs(map.values[line * image.width + x] - mirrored.values[line * image.width + image.width - 1 - x]))
        }
      }
      #expect(largest < 1e-5)
      let plain = try MultiViewInference(experiment.inference(network), views: .init()).probabilities(of: image)
      #expect(zip(plain.values, map.values).contains { abs($0 - $1) > 1e-4 }, "the looks differ")
    }
  }

  /// The mean over windows, against windows that are looked at by hand.
  @Test func whereWindowsMeetTheirMeanCounts() throws {
    try withNetwork("window: {width: 30, height: 38}, overlap: 0") { experiment, network, image in
      let map = try Predictor(experiment.inference(network), views: experiment.configuration.evaluation.views).probabilities(of: image)
      // Windows begin at columns 0 and 20 and share columns 20 to 29.
      let inference = MultiViewInference(experiment.inference(network), views: experiment.configuration.evaluation.views)
      let left = try inference.probabilities(of: image.cropped(x: 0..<30, y: 0..<38))
      let right = try inference.probabilities(of: image.cropped(x: 20..<50, y: 0..<38))
      for line in 0..<map.classes * 38 {
        for x in 0..<50 {
          let parts = (x < 30 ? [left.values[line * 30 + x]] : []) + (x >= 20 ? [right.values[line * 30 + x - 20]] : [])
          #expect(abs(map.values[line * 50 + x] - parts.reduce(0, +) / Float(parts.count)) < 1e-6)
        }
      }
    }
  }
}
