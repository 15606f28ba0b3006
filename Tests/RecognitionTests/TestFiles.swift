import Foundation
import Images
import Tensors

@testable import Recognition

/// Files of the tests.
enum TestFiles {
  /// Values that `Oracle/make_recognition_values.py` wrote.
  static func oracle() throws -> RecognitionValues {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Oracle/recognition.json")
    return try JSONDecoder().decode(RecognitionValues.self, from: Data(contentsOf: url))
  }

  /// The folder `shared` beside the checkout; nil where there is none.
  static let shared: String? = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let path = root.deletingLastPathComponent().appendingPathComponent("shared").path
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }()

  /// A file below `shared`; nil where there is none.
  static func shared(_ path: String) -> String? {
    shared.map { "\($0)/\(path)" }.flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil }
  }

  /// Writes an image of one colour, with the folders above it.
  static func writeImage(_ path: String, colour: RGBColour = RGBColour(10, 20, 30), side: Int = 4) throws {
    try FileManager.default.createDirectory(atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try RGBImage(width: side, height: side, fill: colour).writePNG(to: path)
  }

  /// Writes text, with the folders above it.
  static func write(_ text: String, to path: String) throws {
    try FileManager.default.createDirectory(atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }

  /// Writes bytes.
  static func write(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
}

/// What the oracle says.
struct RecognitionValues: Decodable {
  struct Case: Decodable {
    var classes: Int
    var labels: [Int32]
    var logits: [Float]
    var counts: [Int]
    var accuracy: Double
    var topFive: Double
    var balancedAccuracy: Double
    var macroF1: Double
    var perClass: [Double]
    var groups: [String: Double]
    var calibrationError: Double
    var bins: [Int64]
    var confusion: [[Int64]]
  }

  struct Tail: Decodable {
    var largest: Int
    var factor: Double
    var counts: [Int]
  }

  var cases: [Case]
  var tails: [Tail]
}
