extension WorkingMemory {
  /// Room for `count` bytes; not cleared. Valid until the next call and as long as this value.
  mutating func bytes(_ count: Int) -> UnsafeMutableRawPointer? { UnsafeMutableRawPointer(lanes((count + 31) / 32).baseAddress) }

  /// Room for `count` floats; not cleared. Valid until the next call and as long as this value.
  mutating func floats(_ count: Int) -> UnsafeMutablePointer<Float>? {
    UnsafeMutableRawPointer(lanes((count + 7) / 8).baseAddress)?.assumingMemoryBound(to: Float.self)
  }

  /// The numbers as floats, one a class. Valid until the next call and as long as this value.
  mutating func floats(_ values: [Double]) -> UnsafePointer<Float>? {
    guard let base = floats(values.count) else { return nil }
    for (k, value) in values.enumerated() { base[k] = Float(value) }
    return UnsafePointer(base)
  }
}
