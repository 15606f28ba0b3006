/// One named piece of state: numbers in a buffer, or values of a part.
public struct StateLeaf {
  /// The names of the parts that it belongs to and its own, with dots between: `optimizer.firstMoment.down.0.0.weight`.
  public let path: String
  /// What messages call it: `firstMoment of down.0.0.weight`.
  public let title: String
  /// Extents in canonical order; nil for a row of any length.
  public let shape: [Int]?
  /// The kind of number in files.
  public let elementType: ElementType
  /// Whose it is.
  public let sharing: StateSharing
  /// Whether it counts what a run has met on its way, and says nothing about what it has computed: digests leave it out.
  public let isCount: Bool
  /// What it is where a file does not hold it; nil where files have to. A leaf that is just that is not written.
  public let absent: TensorValues?

  private enum Source {
    case buffer(HostBuffer, FlatTensor)
    case values(get: () -> TensorValues, set: (TensorValues) throws -> Void)
  }
  private let source: Source

  /// Numbers in a buffer, in which they may have a layout of their own.
  init(path: String, title: String, _ tensor: FlatTensor, in buffer: HostBuffer, sharing: StateSharing) {
    (self.path, self.title, self.sharing, shape, elementType) = (path, title, sharing, tensor.shape, .float32)
    (isCount, absent) = (false, nil)
    source = .buffer(buffer, tensor)
  }

  /// Values of a part.
  init(
    path: String, title: String, shape: [Int]?, elementType: ElementType, isCount: Bool, absent: TensorValues?,
    get: @escaping () -> TensorValues, set: @escaping (TensorValues) throws -> Void
  ) {
    (self.path, self.title, self.shape, self.elementType, self.isCount, self.absent) = (path, title, shape, elementType, isCount, absent)
    sharing = .replicated
    source = .values(get: get, set: set)
  }

  /// The numbers in canonical order.
  /// - Throws: `LongtailError` from the conversion.
  public func values() throws -> TensorValues {
    switch source {
    case .buffer(let buffer, let tensor): .float32(try tensor.read(buffer))
    case .values(let get, _): get()
    }
  }

  /// Takes over numbers in canonical order, whose kind and shape have been checked.
  /// - Throws: `LongtailError` from the conversion, or where a part refuses the numbers.
  public func set(_ values: TensorValues) throws {
    switch source {
    case .buffer(let buffer, let tensor):
      guard let floats = values.floats else { throw wrongBytes }
      try tensor.write(floats, buffer)
    case .values(_, let set): try set(values)
    }
  }

  /// The bits as this process holds them: equal on all ranks where the numbers and their layout are.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    switch source {
    case .buffer(let buffer, let tensor):
      try buffer.withBytes { bytes in
        let width = MemoryLayout<Float>.stride
        return try body(UnsafeRawBufferPointer(rebasing: bytes[tensor.range.lowerBound * width..<tensor.range.upperBound * width]))
      }
    case .values(let get, _): try get().withBytes(body)
    }
  }

  /// Takes over the bits of another process that holds the same leaf in the same layout.
  /// - Throws: `LongtailError` with code `mismatch` where they are not as many.
  public func setBytes(_ bytes: [UInt8]) throws {
    switch source {
    case .buffer(let buffer, let tensor):
      let width = MemoryLayout<Float>.stride
      guard bytes.count == tensor.range.count * width else { throw wrongBytes }
      buffer.withBytes { whole in
        UnsafeMutableRawBufferPointer(rebasing: whole[tensor.range.lowerBound * width..<tensor.range.upperBound * width])
          .copyBytes(from: bytes)
      }
    case .values(_, let set):
      guard let values = TensorValues(bytes: bytes, elementType) else { throw wrongBytes }
      try set(values)
    }
  }

  /// A fingerprint of the bits as this process holds them. Cost: one pass at the speed of memory.
  public var digest: StateDigest { withBytes { StateDigest(bytes: $0) } }

  /// Whether the numbers have a layout of their own in memory: elements are then counted in it.
  public var isInBuffer: Bool { if case .buffer = source { true } else { false } }

  private var wrongBytes: LongtailError {
    LongtailError(
      .mismatch, "\(title) is not as large on all ranks", advice: "Use the same build of longtail with the same configuration on all hosts."
    )
  }
}

extension TensorValues {
  /// Numbers from the bytes that `withBytes` gave; nil where they are no whole numbers of that kind, or the kind is not known.
  init?(bytes: [UInt8], _ elementType: ElementType) {
    guard bytes.count % elementType.byteCount == 0 else { return nil }
    func array<Number>(_ type: Number.Type) -> [Number] {
      let width = MemoryLayout<Number>.stride
      return bytes.withUnsafeBytes { raw in (0..<raw.count / width).map { raw.loadUnaligned(fromByteOffset: $0 * width, as: type) } }
    }
    switch elementType {
    case .float32: self = .float32(array(Float.self))
    case .float64: self = .float64(array(Double.self))
    case .float16: self = .float16(array(UInt16.self))
    case .bfloat16: self = .bfloat16(array(UInt16.self))
    case .int64: self = .int64(array(Int64.self))
    case .int32: self = .int32(array(Int32.self))
    case .uint8: self = .uint8(bytes)
    default: return nil
    }
  }
}
