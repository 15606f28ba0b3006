import Foundation
import Images
import Objectives
import Tasks
import Tensors
import TestSupport
import Testing

@testable import Segmentation

@Suite("Calibration", .computePool)
struct CalibrationTests {
  @Test("counts pixels by the class that they are taken for, and by its probability")
  func counting() throws {
    var calibration = Calibration(classes: 3)
    let labels: [Int32] = [0, 0, 1, 1, -1, 2, 2, 2]
    labels.withUnsafeBufferPointer {
      calibration.add(
        predictions: [0, 0, 0, 0, 0, 2, 2, 1], confidences: [0.5, 0.5, 0.5, 0.5, 0.9, 1, 1, 0.75], labels: $0)
    }
    // Class 0 says 0.5 and is right in half; class 2 says 1 and is; class 1 says 0.75 and is not.
    #expect(calibration.expectedError(of: [0]) == 0 && calibration.expectedError(of: [2]) == 0)
    #expect(calibration.expectedError(of: [1]) == 0.75 && calibration.excess(of: [1]) == 0.75)
    #expect(abs((calibration.expectedError(of: 0..<3) ?? 0) - 0.75 / 7) < 1e-12)
    #expect(Calibration(classes: 2).expectedError(of: 0..<2) == nil)
    let figures = calibration.figures(groups: ClassGroups(places: [0, 2, 2]), classNames: ["road", "pole", "sign"])
    #expect(figures.map(\.title) == ["Calibration", "Calibration of classes"])
    #expect(figures[0].curves.map(\.name) == ["all", "head", "tail", "agreement"])
    #expect(figures[0].text.contains("10.7 %") && figures[0].text.contains("head 0.0 %"))
    #expect(figures[1].curves.map(\.name) == ["pole", "sign", "agreement"])
    #expect(figures[1].text.contains("pole +75.0") && figures[1].text.contains("road +0.0"))
    #expect(Calibration(classes: 2).figures(groups: ClassGroups(places: [0, 2]), classNames: ["a", "b"]).isEmpty)
  }

  @Test("a class's own probability is the mean over its pixels, over ranks as well")
  func ownProbability() throws {
    // Planes of three classes for a row of four pixels; the last one is ignored.
    let map = try ProbabilityMap(
      classes: 3, size: ImageSize(width: 4, height: 1), values: [0.5, 0.25, 0.125, 1, 0.25, 0.75, 0.125, 0, 0.25, 0, 0.75, 0])
    var whole = OwnProbability(classes: 3)
    whole.add(map, labels: [0, 0, 2, -1])
    #expect(whole.mean(ofClass: 0) == 0.375 && whole.mean(ofClass: 1) == nil && whole.mean(ofClass: 2) == 0.75)
    var (one, other) = (OwnProbability(classes: 3), OwnProbability(classes: 3))
    one.add(map, labels: [0, -1, -1, -1])
    other.add(map, labels: [-1, 0, 2, -1])
    #expect(OwnProbability(numbers: zip(one.numbers, other.numbers).map(+)) == whole)
  }

  @Test("the probability of the best class comes with it, at a temperature")
  func confidences() throws {
    let logits: [Float] = [1, 2, 0.5, -3, 4, 4, 0, 0, 0, 8, -1, 1]
    let buffer = HostBuffer(floatCount: logits.count + 8)
    buffer.withFloats { for (i, value) in logits.enumerated() { $0[i] = value } }
    let rows = RowsView.channelsLast(buffer: buffer, offset: 0, images: 1, rowsPerImage: 4, classes: 3)
    for temperature in [1.0, 0.5, 3] {
      var (predictions, confidences) = ([Int32](repeating: 9, count: 4), [Float](repeating: 9, count: 4))
      try predictions.withUnsafeMutableBufferPointer { predictions in
        try confidences.withUnsafeMutableBufferPointer {
          try RowPredictor().predictions(of: rows, into: predictions, confidences: $0, temperature: temperature)
        }
      }
      #expect(predictions == [1, 1, 0, 0])
      for row in 0..<4 {
        let own = logits[(3 * row)..<(3 * row + 3)].map { exp(Double($0) / temperature) }
        #expect(abs(Double(confidences[row]) - (own.max() ?? 0) / own.reduce(0, +)) < 1e-6)
      }
    }
  }

  @Test("scores that are too large by a factor have that factor as their temperature", arguments: [0.4, 1, 2.5])
  func temperature(_ factor: Double) throws {
    let (pixels, classes) = (60_000, 3)
    let random = CounterRandom(seed: 11, purpose: .testing)
    let buffer = HostBuffer(floatCount: pixels * classes + 8)
    var labels = [Int32](repeating: -1, count: pixels)
    buffer.withFloats { floats in
      for pixel in 0..<pixels {
        let scores = (0..<classes).map { random.uniform(pixel * classes + $0, in: -3...3) }
        var rest = random.uniform(10_000_000 + pixel) * scores.reduce(0) { $0 + exp($1) }
        var label = 0
        while label < classes - 1, rest >= exp(scores[label]) {
          rest -= exp(scores[label])
          label += 1
        }
        if pixel % 10 != 3 { labels[pixel] = Int32(label) }
        for k in 0..<classes { floats[pixel * classes + k] = Float(scores[k] * factor) }
      }
    }
    let rows = RowsView.channelsLast(buffer: buffer, offset: 0, images: 4, rowsPerImage: pixels / 4, classes: classes)
    var fit = TemperatureFit()
    labels.withUnsafeBufferPointer { fit.add(rows, $0) }
    let found = try #require(fit.temperature)
    #expect(abs(found / factor - 1) < 0.06, "\(found)")
    #expect(TemperatureFit().temperature == nil)
  }
}
