import Foundation
import Tensors

/// Refuses a setting that is out of range.
func require(_ condition: Bool, _ optimizer: String, _ key: String, _ value: Double, _ expected: String) throws {
  if !condition { throw LongtailError(.usage, "optimizer '\(optimizer)': \(key) is \(value), expected a number \(expected)") }
}

/// `base` to the power of `exponent`.
func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
