import Foundation
import Testing

@testable import Objectives

/// Golden values in a folder `shared` beside the checkout: cases of inputs and outputs in double precision.
struct DenseGolden {
  private static let cases: [String: Any]? = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let url = root.deletingLastPathComponent().appendingPathComponent("shared/golden/recognition_golden.json")
    guard let data = try? Data(contentsOf: url), let file = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
      return nil
    }
    return file["cases"] as? [String: Any]
  }()

  /// Whether the file is there.
  static var isThere: Bool { cases != nil }

  private let entry: [String: Any]

  init(_ name: String) throws { entry = try #require(DenseGolden.cases?[name] as? [String: Any]) }

  private func value(_ path: String) throws -> Any {
    try path.split(separator: "/").reduce(entry as Any) { try #require(($0 as? [String: Any])?[String($1)]) }
  }

  /// A number, such as `inputs/scale`.
  func number(_ path: String) throws -> Double { try #require(try value(path) as? Double) }
  /// A row of numbers.
  func numbers(_ path: String) throws -> [Double] { try #require(try value(path) as? [Double]) }
  /// Whole numbers.
  func integers(_ path: String) throws -> [Int] { try #require(try value(path) as? [Int]) }
  /// Labels.
  func labels(_ path: String) throws -> [Int32] { try integers(path).map { Int32($0) } }
  /// A table.
  func rows(_ path: String) throws -> DenseRows { DenseGolden.table(try #require(try value(path) as? [[Double]])) }
  /// Several tables.
  func tables(_ path: String) throws -> [DenseRows] { try #require(try value(path) as? [[[Double]]]).map(DenseGolden.table) }
  /// Tables in tables.
  func nested(_ path: String) throws -> [[DenseRows]] { try #require(try value(path) as? [[[[Double]]]]).map { $0.map(DenseGolden.table) } }

  private static func table(_ rows: [[Double]]) -> DenseRows {
    DenseRows(count: rows.count, width: rows.first?.count ?? 0, values: rows.joined().map { Float($0) })
  }
}

/// Whether numbers agree to a share of the largest of them.
func agree(_ found: [Double], _ expected: [Double], _ tolerance: Double = 2e-5) -> Bool {
  let scale = max(1e-30, expected.map(abs).max() ?? 0)
  return found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) <= tolerance * scale }
}

/// The same of tables.
func agree(_ found: DenseRows, _ expected: DenseRows, _ tolerance: Double = 2e-5) -> Bool {
  found.count == expected.count && agree(found.values.map(Double.init), expected.values.map(Double.init), tolerance)
}

extension DenseRows {
  /// A table of numbers that repeat, between -1 and 1.
  static func pattern(_ count: Int, _ width: Int, seed: Int) -> DenseRows {
    DenseRows(
      count: count, width: width,
      values: (0..<count * width).map { Float((($0 &* 7919 &+ seed &* 104_729) % 2003 + 2003) % 2003) / 1001 - 1 })
  }

  /// Central differences of a function of this table.
  func differences(_ function: (DenseRows) throws -> Double, step: Float = 1e-2) rethrows -> DenseRows {
    var result = self
    for index in values.indices {
      var (above, below) = (self, self)
      above.values[index] += step
      below.values[index] -= step
      result.values[index] = Float((try function(above) - function(below)) / Double(above.values[index] - below.values[index]))
    }
    return result
  }
}
