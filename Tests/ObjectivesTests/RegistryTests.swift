import Foundation
import Objectives
import Tensors
import TestSupport
import Testing

@Suite("Objectives by name", .computePool)
struct RegistryTests {
  let context = testContext(classes: 4)

  @Test("unknown names and values name the nearest known one")
  func nearest() throws {
    let name = #expect(throws: LongtailError.self) { try ObjectiveRegistry.make("crosEntropy", context: context) }
    #expect(name?.code == .usage && name?.advice?.contains("'crossEntropy'") == true)
    let setting = #expect(throws: LongtailError.self) { try ObjectiveRegistry.make("pcla", settings: ["exponnent": 1], context: context) }
    #expect(setting?.advice?.contains("'exponent'") == true)
    let value = #expect(throws: LongtailError.self) {
      try ObjectiveRegistry.make("pat", settings: ["homogenization": "rootMeanSqare"], context: context)
    }
    #expect(value?.advice?.contains("'rootMeanSquare'") == true)
    for name in ObjectiveRegistry.names { #expect(ObjectiveRegistry.summary(of: name)?.isEmpty == false) }
  }

  @Test("values out of range and of the wrong kind are refused")
  func ranges() {
    let wrong: [(String, [String: SettingValue])] = [
      ("pcla", ["exponent": -1]), ("pcla", ["exponent": "class"]), ("pcla", ["temperature": 0]), ("pcla", ["detachWeight": "yes"]),
      ("pat", ["maximumScale": 0.5]), ("pat", ["burnIn": "soon"]), ("focal", ["gamma": true]), ("classBalanced", ["beta": 1]),
      ("crossEntropy", ["background": 4]), ("pat", ["background": -1]), ("focal", ["background": 1]), ("eql", ["lambda": 1.5]),
      ("logitAdjustment", ["form": "postHoc", "background": 1]), ("balancedSigmoid", ["rows": "background"]),
      ("sigmoidFocal", ["alpha": 2]), ("sigmoidFocal", ["alpha": .double(.nan)]), ("federated", ["classes": 0]),
    ]
    for (name, settings) in wrong {
      #expect(throws: LongtailError.self, "\(name) \(settings)") { try ObjectiveRegistry.make(name, settings: settings, context: context) }
    }
  }

  @Test("an exponent whose weights overflow float32 is refused when it is built, the largest that fits runs")
  func overflow() throws {
    let error = #expect(throws: LongtailError.self) {
      try ObjectiveRegistry.make("pcla", settings: ["exponent": "classes"], context: testContext(classes: 150))
    }
    #expect(error?.description.contains("float32") == true)
    var batch = Batch.random(images: 1, rows: 64, classes: 4)
    batch.logits = batch.logits.map { $0 * 30 }
    for name in ["pcla", "pat"] {
      let outcome = try step([ObjectiveRegistry.make(name, settings: ["exponent": 85], context: context)], [batch])
      #expect(outcome.result.isFinite && outcome.gradient.allSatisfy(\.isFinite) && outcome.result.loss > 1e30)
    }
  }

  @Test("losses from class frequencies say when counts are missing, and floor them at one")
  func counts() throws {
    for name in ["balancedSoftmax", "logitAdjustment", "balancingLogitVariation", "classBalanced"] {
      let error = #expect(throws: LongtailError.self) { try ObjectiveRegistry.make(name, context: ObjectiveContext(classes: 3)) }
      #expect(error?.message.contains("training pixels") == true)
      #expect(throws: LongtailError.self) { try ObjectiveRegistry.make(name, context: ObjectiveContext(classes: 3, pixelCounts: [1, 2])) }
      let objective = try ObjectiveRegistry.make(name, context: ObjectiveContext(classes: 3, pixelCounts: [5, 0, 9]))
      #expect(try step([objective], [Batch.random(images: 1, rows: 16, classes: 3)]).result.isFinite)
    }
  }

  @Test("settings are read from JSON as they are written")
  func decoding() throws {
    let text = #"{"exponent": "classes", "temperature": 0.5, "detachWeight": true, "list": [1, "a"]}"#
    let settings = try JSONDecoder().decode([String: SettingValue].self, from: Data(text.utf8))
    #expect(settings == ["exponent": "classes", "temperature": 0.5, "detachWeight": true, "list": .list([1, "a"])])
    #expect(try JSONDecoder().decode([String: SettingValue].self, from: JSONEncoder().encode(settings)) == settings)
  }
}

@Suite("Balancing logit variation", .computePool)
struct LogitVariationTests {
  /// With counts (100, 1) only class 1 is moved; the gradient of class 0 under zero logits gives the noise away.
  func noise(sigma: Double, epoch: Int = 0, rows: Int = 20000) throws -> [Double] {
    let context = ObjectiveContext(classes: 2, pixelCounts: [100, 1], seed: 7)
    let objective = try ObjectiveRegistry.make(
      "balancingLogitVariation", settings: ["sigma": .double(sigma), "form": "code"], context: context)
    let batch = Batch(
      images: 1, rows: rows, classes: 2, logits: Array(repeating: 0, count: 2 * rows), labels: Array(repeating: 1, count: rows),
      samples: [3])
    let outcome = try step([objective], [batch], epoch: epoch)
    return (0..<rows).map { log(1 / (Double(outcome.gradient[2 * $0]) * Double(rows)) - 1) }
  }

  @Test(
    "the folded noise has its distribution", arguments: [(1.0, 0.317, 0.631, 0.343), (2, 0.617, 0.805, 0.305), (4, 0.803, 0.901, 0.238)])
  func distribution(_ sigma: Double, _ atOne: Double, _ mean: Double, _ deviation: Double) throws {
    let values = try noise(sigma: sigma)
    let count = Double(values.count)
    let average = values.reduce(0, +) / count
    let variance = values.reduce(0) { $0 + ($1 - average) * ($1 - average) } / count
    #expect(abs(Double(values.filter { $0 > 1 - 1e-5 }.count) / count - atOne) < 0.012)
    #expect(abs(average - mean) < 0.01 && abs(variance.squareRoot() - deviation) < 0.01)
  }

  @Test("small noise is a folded normal in its tail too")
  func tail() throws {
    let values = try noise(sigma: 0.2).map { $0 / 0.2 }
    let count = Double(values.count)
    #expect(abs(values.reduce(0) { $0 + $1 * $1 } / count - 1) < 0.03)
    #expect(abs(Double(values.filter { $0 > 3 }.count) / count - 0.0027) < 0.0015)
    #expect((values.max() ?? 0) < 5)
  }

  @Test("the noise changes from epoch to epoch only")
  func epochs() throws {
    let first = try noise(sigma: 4, epoch: 1, rows: 500)
    #expect(try first == noise(sigma: 4, epoch: 1, rows: 500))
    #expect(try first != noise(sigma: 4, epoch: 2, rows: 500))
  }
}

@Suite("Predictions", .computePool)
struct PredictionTests {
  @Test("the first maximum wins, in every layout")
  func argmax() throws {
    var batch = Batch.random(images: 3, rows: 29, classes: 19)
    for row in stride(from: 0, to: 87, by: 5) {
      batch.logits[row * 19 + 4] = 50
      batch.logits[row * 19 + 17] = 50
    }
    let expected = (0..<87).map { row -> Int32 in
      let values = batch.logits[(row * 19)..<(row * 19 + 19)]
      return Int32(values.firstIndex(of: values.max() ?? 0) ?? 0) - Int32(row * 19)
    }
    for layout in Layout.allCases {
      let view = layout.view(images: 3, rows: 29, classes: 19)
      view.numbers = batch.logits
      var narrow = Array(repeating: UInt8(99), count: 87)
      var wide = Array(repeating: Int32(99), count: 87)
      let predictor = RowPredictor()
      try narrow.withUnsafeMutableBufferPointer { try predictor.predictions(of: view, into: $0) }
      try wide.withUnsafeMutableBufferPointer { try predictor.predictions(of: view, into: $0) }
      #expect(wide == expected && narrow.map(Int32.init) == expected)
    }
  }

  @Test("sizes and index types that do not fit are refused")
  func refusals() throws {
    let view = Layout.planes.view(images: 1, rows: 4, classes: 300)
    var output = Array(repeating: UInt8(0), count: 4)
    #expect(throws: LongtailError.self) {
      try output.withUnsafeMutableBufferPointer { try RowPredictor().predictions(of: view, into: $0) }
    }
    var short = Array(repeating: Int32(0), count: 3)
    #expect(throws: LongtailError.self) {
      try short.withUnsafeMutableBufferPointer { try RowPredictor().predictions(of: view, into: $0) }
    }
  }
}
