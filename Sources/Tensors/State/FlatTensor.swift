/// A named tensor that lies somewhere in a flat buffer, with the way to and from canonical order: row-major, weights O,I,H,W.
///
/// Several buffers may have the same layout, such as parameters, their moments and their average: the buffer is an argument.
public struct FlatTensor {
  /// The name in files.
  public let name: String
  /// Extents in canonical order, outermost first.
  public let shape: [Int]
  /// Its floats in the buffer, padded lanes included.
  public let range: Range<Int>
  /// Reads it from a buffer, in canonical order.
  public let read: (HostBuffer) throws -> [Float]
  /// Writes numbers in canonical order, as many as the shape says, to a buffer.
  public let write: ([Float], HostBuffer) throws -> Void

  /// Describes a tensor in a layout of its own.
  public init(
    name: String, shape: [Int], range: Range<Int>, read: @escaping (HostBuffer) throws -> [Float],
    write: @escaping ([Float], HostBuffer) throws -> Void
  ) {
    self.name = name
    self.shape = shape
    self.range = range
    self.read = read
    self.write = write
  }

  /// Describes a tensor that is in canonical order already.
  /// - Parameter offset: the first of its floats.
  public init(name: String, shape: [Int], offset: Int) {
    let range = offset..<offset + shape.reduce(1, *)
    self.init(
      name: name, shape: shape, range: range, read: { buffer in buffer.withFloats { Array($0[range]) } },
      write: { values, buffer in buffer.withFloats { floats in for (place, value) in zip(range, values) { floats[place] = value } } })
  }
}
