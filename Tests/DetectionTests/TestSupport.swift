import Foundation
import Testing

@testable import Detection

/// Files of the tests.
enum TestFiles {
  /// Values that `Oracle/make_detection_values.py` wrote.
  static func oracle<Value: Decodable>(_ name: String) throws -> Value {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Oracle/\(name)")
    return try JSONDecoder().decode(Value.self, from: Data(contentsOf: url))
  }

  /// The folder `shared` beside the checkout; nil where there is none.
  static let shared: String? = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let path = root.deletingLastPathComponent().appendingPathComponent("shared").path
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }()

  /// Whether there is one.
  static var hasShared: Bool { shared != nil }
}

/// Numbers that repeat: xorshift, seeded.
struct TestRandom: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_F491_4F6C_DD1D
  }
}
