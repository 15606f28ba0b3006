import Configuration
import Foundation
import Images
import Tensors
import TestSupport
import Testing
import Threading

@testable import Segmentation

/// A case of Oracle/make_rank_values.py.
struct RankCase: Decodable, Sendable, CustomStringConvertible {
  let metric: String
  let classes: Int
  let probabilities: [Float]
  let labels: [Int32]
  let exact: [Double]
  let best: [Double]

  var description: String { "\(metric), \(classes) classes, \(labels)" }
  var score: Configuration.Decision.Score { Configuration.Decision.Score(rawValue: metric) ?? .iou }
  var pixels: Int { labels.count }
  func row(_ k: Int) -> [Float] { Array(probabilities[(k * pixels)..<((k + 1) * pixels)]) }

  func map() throws -> ProbabilityMap {
    try ProbabilityMap(classes: classes, size: ImageSize(width: pixels, height: 1), values: probabilities)
  }

  /// All cases; an unreadable file gives none, which `thereAreCases` reports.
  static let all: [RankCase] = {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Oracle/rank.json")
    return (try? JSONDecoder().decode([RankCase].self, from: Data(contentsOf: file))) ?? []
  }()

  /// The expected overlap of chosen pixels over all outcomes of independent pixels: slow and exact.
  func expectedOverlap(_ k: Int, _ chosen: [Bool]) -> Double {
    let p = row(k).map(Double.init)
    var value = 0.0
    for outcome in 0..<(1 << pixels) {
      var (weight, both, size) = (1.0, 0.0, 0.0)
      for i in 0..<pixels {
        let isTrue = outcome >> i & 1 == 1
        weight *= isTrue ? p[i] : 1 - p[i]
        size += (isTrue ? 1 : 0) + (chosen[i] ? 1 : 0)
        both += isTrue && chosen[i] ? 1 : 0
      }
      if size > 0 { value += weight * (score == .dice ? 2 * both / size : both / (size - both)) }
    }
    return value
  }
}

@Suite("Decisions by rank", .computePool)
struct RankDecisionTests {
  @Test("there are cases, in which the largest probability would decide otherwise")
  func thereAreCases() throws {
    #expect(RankCase.all.count == 48)
    #expect(try RankCase.all.count { try $0.map().predictions() != $0.labels } > 10)
  }

  @Test("the classes are those of the definition, on any number of threads", arguments: RankCase.all)
  func agreement(_ expected: RankCase) throws {
    let map = try expected.map()
    for threads in [1, 3] {
      ComputePool.configure(threadCount: threads)
      #expect(RankDecision(expected.score).predictions(of: map) == expected.labels)
    }
    ComputePool.configure(threadCount: 1)
  }

  @Test("what a class takes is all but the best of all choices, over all outcomes", arguments: RankCase.all)
  func exactReference(_ expected: RankCase) {
    for k in 0..<expected.classes {
      let value = expected.expectedOverlap(k, RankDecision(expected.score).choice(of: expected.row(k)))
      #expect(abs(value - expected.exact[k]) < 1e-9)
      // Of nine pixels the approximation is at its worst; on average it loses little.
      #expect(value > 0.88 * expected.best[k] && value <= expected.best[k] + 1e-9)
    }
  }

  @Test("the approximation loses little on average")
  func loss() {
    let pairs = RankCase.all.flatMap { zip($0.exact, $0.best) }.filter { $0.1 > 0 }
    #expect(pairs.reduce(0) { $0 + $1.0 / $1.1 } / Double(pairs.count) > 0.98)
  }

  @Test("over all cases rare classes overlap more than by the largest probability")
  func gain() throws {
    var (ranked, largest) = (0.0, 0.0)
    for own in RankCase.all {
      for k in 1..<own.classes {
        ranked += own.expectedOverlap(k, own.labels.map { $0 == Int32(k) })
        largest += try own.expectedOverlap(k, own.map().predictions().map { $0 == Int32(k) })
      }
    }
    #expect(ranked > largest)
  }

  @Test("an image of one class stays so, and a class that is nowhere the most probable takes nothing")
  func absentClasses() throws {
    func map(_ values: [Float]) throws -> ProbabilityMap {
      try ProbabilityMap(classes: 3, size: ImageSize(width: 4, height: 1), values: values)
    }
    let plain = try map([0.9, 0.8, 0.7, 0.6, 0.1, 0.1, 0.1, 0.1, 0, 0.1, 0.2, 0.3])
    #expect(RankDecision(.iou).predictions(of: plain) == [0, 0, 0, 0])
    let mixed = try map([0.9, 0.8, 0.3, 0.6, 0.1, 0.1, 0.2, 0.1, 0, 0.1, 0.5, 0.3])
    let predictions = RankDecision(.dice).predictions(of: mixed)
    #expect(predictions.contains(2) && !predictions.contains(1))
  }

  @Test("thousands of pixels are counted the same on any number of threads")
  func threads() throws {
    let random = CounterRandom(seed: 3, purpose: .testing)
    let plane = 150 * 101
    var values = (0..<(5 * plane)).map { Float(random.uniform($0)) }
    for pixel in 0..<plane {
      let sum = (0..<5).reduce(Float(0)) { $0 + values[$1 * plane + pixel] }
      for k in 0..<5 { values[k * plane + pixel] /= sum }
    }
    let map = try ProbabilityMap(classes: 5, size: ImageSize(width: 150, height: 101), values: values)
    ComputePool.configure(threadCount: 1)
    let one = RankDecision(.iou).predictions(of: map)
    ComputePool.configure(threadCount: 4)
    #expect(RankDecision(.iou).predictions(of: map) == one)
    ComputePool.configure(threadCount: 1)
    #expect(Set(one) == [0, 1, 2, 3, 4])
  }
}
