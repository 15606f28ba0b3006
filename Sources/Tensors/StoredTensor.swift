/// Numbers of any kind with a name and a shape, row-major: what a safetensors file holds beside float32 weights,
/// such as an int64 counter (`num_batches_tracked`) or float64 statistics.
public struct StoredTensor: Sendable, Equatable {
  /// The name.
  public var name: String
  /// Extents, outermost first. Empty for a single number.
  public var shape: [Int]
  /// The numbers, row-major; as many as the product of `shape`.
  public var values: TensorValues

  /// Creates a stored tensor.
  public init(name: String, shape: [Int], values: TensorValues) {
    self.name = name
    self.shape = shape
    self.values = values
  }

  /// A float32 tensor; the values are shared, not copied.
  public init(_ tensor: NamedTensor) {
    self.init(name: tensor.name, shape: tensor.shape, values: .float32(tensor.values))
  }

  /// A row of doubles.
  public init(name: String, _ doubles: [Double]) {
    self.init(name: name, shape: [doubles.count], values: .float64(doubles))
  }

  /// A single whole number, shape `[]`.
  public init(name: String, _ integer: Int64) {
    self.init(name: name, shape: [], values: .int64([integer]))
  }

  /// The numbers as float32 with the same name and shape. Integers are refused: they are counters, not weights.
  /// - Throws: `LongtailError` with code `badData` that names the tensor.
  public func namedTensor() throws -> NamedTensor {
    guard let floats = values.floats else {
      throw LongtailError(.badData, "tensor '\(name)' holds \(values.elementType.rawValue), expected floating-point numbers")
    }
    return NamedTensor(name: name, shape: shape, values: floats)
  }

  /// A fast digest of name, shape, kind and raw bits. Order and content both count.
  public var digest: StateDigest {
    let numbers = values.withBytes { StateDigest(bytes: $0) }
    let heading = "\(name)|\(values.elementType.rawValue)|\(shape)"
    let identity = Array(heading.utf8).withUnsafeBytes { StateDigest(bytes: $0) }
    return StateDigest(combining: [identity, numbers])
  }
}

/// The numbers of a `StoredTensor`, by kind. 16-bit floats are kept as bits.
public enum TensorValues: Sendable, Equatable {
  /// IEEE single precision.
  case float32([Float])
  /// IEEE double precision.
  case float64([Double])
  /// IEEE half precision, as bits.
  case float16([UInt16])
  /// bfloat16, as bits.
  case bfloat16([UInt16])
  /// Signed 64-bit integers.
  case int64([Int64])
  /// Signed 32-bit integers.
  case int32([Int32])
  /// Unsigned 8-bit integers.
  case uint8([UInt8])

  /// The kind of number.
  public var elementType: ElementType {
    switch self {
    case .float32: return .float32
    case .float64: return .float64
    case .float16: return .float16
    case .bfloat16: return .bfloat16
    case .int64: return .int64
    case .int32: return .int32
    case .uint8: return .uint8
    }
  }

  /// How many numbers there are.
  public var count: Int {
    switch self {
    case .float32(let values): return values.count
    case .float64(let values): return values.count
    case .float16(let values), .bfloat16(let values): return values.count
    case .int64(let values): return values.count
    case .int32(let values): return values.count
    case .uint8(let values): return values.count
    }
  }

  /// Floating-point numbers converted to single precision (doubles are rounded); nil for integers.
  public var floats: [Float]? {
    switch self {
    case .float32(let values): return values
    case .float64(let values): return values.map { Float($0) }
    case .float16(let bits): return bits.map { Self.single(halfBits: $0) }
    case .bfloat16(let bits): return bits.map { Float(bitPattern: UInt32($0) << 16) }
    case .int64, .int32, .uint8: return nil
    }
  }

  /// Floating-point numbers in double precision; nil for integers.
  public var doubles: [Double]? {
    if case .float64(let values) = self { return values }
    return floats?.map { Double($0) }
  }

  /// Integers in 64 bits; nil for floating-point numbers.
  public var integers: [Int64]? {
    switch self {
    case .int64(let values): return values
    case .int32(let values): return values.map { Int64($0) }
    case .uint8(let values): return values.map { Int64($0) }
    case .float32, .float64, .float16, .bfloat16: return nil
    }
  }

  /// Calls `body` with the numbers' bytes, in this machine's order; the pointer is not valid outside.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    switch self {
    case .float32(let values): return try values.withUnsafeBytes(body)
    case .float64(let values): return try values.withUnsafeBytes(body)
    case .float16(let values), .bfloat16(let values): return try values.withUnsafeBytes(body)
    case .int64(let values): return try values.withUnsafeBytes(body)
    case .int32(let values): return try values.withUnsafeBytes(body)
    case .uint8(let values): return try values.withUnsafeBytes(body)
    }
  }

  /// Equality of the bits: a NaN equals itself, and zero differs from negative zero, as in digests.
  public static func == (left: Self, right: Self) -> Bool {
    guard left.elementType == right.elementType, left.count == right.count else { return false }
    return left.withBytes { a in right.withBytes { b in a.elementsEqual(b) } }
  }

  // Float16 does not exist on every platform that Swift runs on.
  private static func single(halfBits: UInt16) -> Float {
    let sign = UInt32(halfBits & 0x8000) << 16
    let exponent = UInt32(halfBits >> 10) & 0x1F
    let fraction = UInt32(halfBits & 0x3FF)
    switch exponent {
    case 0:
      let magnitude = Float(fraction) * 0x1p-24
      return Float(bitPattern: magnitude.bitPattern | sign)
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}
