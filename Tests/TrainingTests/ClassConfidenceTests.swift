import Collectives
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite struct ClassConfidenceTests {
  private let images = 3
  private let rows = 5000
  private let classes = 11

  private func logit(_ image: Int, _ row: Int, _ k: Int) -> Float {
    8 * Float(CounterRandom(seed: 7, purpose: .testing, epoch: image, sample: row).uniform(k)) - 4
  }

  private func label(_ image: Int, _ row: Int) -> Int32 {
    // -1 is ignored, 11 is a background without a column, class 10 does not occur.
    let value = CounterRandom(seed: 8, purpose: .testing, epoch: image, sample: row).integer(0, below: 12)
    return value == 10 ? -1 : Int32(value)
  }

  private func view(_ layout: (HostBuffer) -> RowsView, floats: Int) -> RowsView {
    let view = layout(HostBuffer(floatCount: floats))
    view.buffer.withFloats { buffer in
      for image in 0..<view.images {
        for row in 0..<rows { for k in 0..<classes { buffer[view.index(image: image, row: row, class: k)] = logit(image, row, k) } }
      }
    }
    return view
  }

  @Test func itIsTheMeanProbabilityOfTheOwnClass() throws {
    var sums = [Double](repeating: 0, count: classes)
    var counts = [Int](repeating: 0, count: classes)
    for image in 0..<images {
      for row in 0..<rows {
        let own = Int(label(image, row))
        guard own >= 0, own < classes else { continue }
        let exponentials = (0..<classes).map { exp(Double(logit(image, row, $0))) }
        sums[own] += exponentials[own] / exponentials.reduce(0, +)
        counts[own] += 1
      }
    }
    let labels = (0..<images).flatMap { image in (0..<rows).map { label(image, $0) } }
    let count = images * rows * classes
    let layouts = [
      view({ .channelsLast(buffer: $0, images: images, rowsPerImage: rows, classes: classes) }, floats: count),
      view({ .planes(buffer: $0, images: images, rowsPerImage: rows, classes: classes) }, floats: count),
      view({ .blocked(buffer: $0, images: images, rowsPerImage: rows, classes: classes, blockSize: 8) }, floats: images * rows * 16),
    ]
    var found: [[Double?]] = []
    for rows in layouts {
      var confidence = ClassConfidence(classes: classes)
      labels.withUnsafeBufferPointer { confidence.add(rows, labels: $0) }
      found.append(try confidence.reduced(over: SingleProcess()))
    }
    for k in 0..<classes {
      guard counts[k] > 0 else {
        #expect(found[0][k] == nil)
        continue
      }
      #expect(abs(try #require(found[0][k]) - sums[k] / Double(counts[k])) < 1e-6, "class \(k)")
    }
    #expect(counts[10] == 0 && found[0] == found[1] && found[0] == found[2])

    // Image by image, and with labels that belong to other rows.
    var parts = ClassConfidence(classes: classes)
    for image in (0..<images).reversed() {
      let one = RowsView.channelsLast(
        buffer: layouts[0].buffer, offset: image * rows * classes, images: 1, rowsPerImage: rows, classes: classes)
      Array(labels[image * rows..<(image + 1) * rows]).withUnsafeBufferPointer { parts.add(one, labels: $0) }
    }
    labels.dropLast().withUnsafeBufferPointer { parts.add(layouts[0], labels: $0) }
    #expect(try parts.reduced(over: SingleProcess()) == found[0], "the same bits in whatever parts it is added up")
  }

  @Test func aHopelessRowCountsAsNothingAndASureOneAsAll() throws {
    let buffer = HostBuffer(floatCount: 4)
    buffer.withFloats { floats in for (place, value) in [Float(0), 1e30, 200, -200].enumerated() { floats[place] = value } }
    var confidence = ClassConfidence(classes: 2)
    [Int32(0), 0].withUnsafeBufferPointer {
      confidence.add(.channelsLast(buffer: buffer, images: 2, rowsPerImage: 1, classes: 2), labels: $0)
    }
    #expect(try confidence.reduced(over: SingleProcess()) == [0.5, nil])
  }
}
