import COneDNN
import Tensors

/// Where the numbers of a tensor lie in memory: extents and the order (plain, channels last, blocked) that oneDNN gave them.
///
/// Logical extents are N,C,H,W for activations and O,I,H,W (G,O,I,H,W with groups) for weights. Elements are 32-bit floats unless said otherwise.
package final class TensorLayout: CustomStringConvertible {
  let handle: dnnl_memory_desc_t

  /// Logical extents.
  package let extents: [Int]

  /// Bytes in memory, padding of channel blocks included.
  package let byteCount: Int

  init(owning handle: dnnl_memory_desc_t) {
    self.handle = handle
    extents = TensorLayout.integers(handle, dnnl_query_dims, count: TensorLayout.rank(handle))
    byteCount = dnnl_memory_desc_get_size(handle)
  }

  deinit { dnnl_memory_desc_destroy(handle) }

  /// A layout given by one of oneDNN's tags.
  convenience init(_ extents: [Int], tag: dnnl_format_tag_t, element: dnnl_data_type_t = dnnl_f32) throws {
    var made: dnnl_memory_desc_t?
    try OneDNN.check(
      dnnl_memory_desc_create_with_tag(&made, Int32(extents.count), extents.map(Int64.init), element, tag),
      "describe a tensor of extents \(extents)")
    guard let made else { throw OneDNN.failure("describe a tensor", "no object") }
    self.init(owning: made)
  }

  /// Leaves the order to the primitive that is asked for.
  package static func any(_ extents: [Int]) throws -> TensorLayout { try TensorLayout(extents, tag: dnnl_format_tag_any) }

  /// Row-major in the order of the extents: N,C,H,W or O,I,H,W or a vector.
  package static func plain(_ extents: [Int]) throws -> TensorLayout {
    let tags = [dnnl_a, dnnl_ab, dnnl_abc, dnnl_abcd, dnnl_abcde]
    guard (1...tags.count).contains(extents.count) else {
      throw LongtailError(.internalError, "a tensor of \(extents.count) dimensions has no plain layout here")
    }
    return try TensorLayout(extents, tag: tags[extents.count - 1])
  }

  /// Row-major with the first two extents swapped: memory I,O,H,W for logical O,I,H,W, as PyTorch keeps transposed convolutions.
  package static func plainTransposed(_ extents: [Int]) throws -> TensorLayout {
    try TensorLayout(extents, tag: extents.count == 5 ? dnnl_acbde : dnnl_bacd)
  }

  /// Channels in blocks of `block` (8 or 16): N,C/b,H,W,b.
  package static func blocked(_ extents: [Int], block: Int) throws -> TensorLayout {
    try TensorLayout(extents, tag: block == 16 ? dnnl_aBcd16b : dnnl_aBcd8b)
  }

  /// Weights O,I,H,W as the direct forward kernels for channel blocks of 8 want them: [O/8][I/8][H][W][8 i][8 o].
  package static func blockedWeights(_ extents: [Int]) throws -> TensorLayout { try TensorLayout(extents, tag: dnnl_ABcd8b8a) }

  /// Weights O,I,H,W as the direct forward kernels of transposed convolutions for channel blocks of 8 want them:
  /// [I/8][O/8][H][W][8 i][8 o].
  package static func blockedTransposedWeights(_ extents: [Int]) throws -> TensorLayout {
    guard extents.count == 4 else { throw LongtailError(.internalError, "weights of \(extents.count) dimensions are not transposed here") }
    // No tag names it, so the first two dimensions of an ordinary one are exchanged.
    let ordinary = try TensorLayout([extents[1], extents[0], extents[2], extents[3]], tag: dnnl_ABcd8a8b)
    var made: dnnl_memory_desc_t?
    try OneDNN.check(dnnl_memory_desc_permute_axes(&made, ordinary.handle, [1, 0, 2, 3]), "exchange the dimensions of weights")
    guard let made else { throw OneDNN.failure("exchange the dimensions of weights", "no object") }
    return TensorLayout(owning: made)
  }

  /// Whether both put every element at the same place.
  package func isSame(as other: TensorLayout) -> Bool { dnnl_memory_desc_equal(handle, other.handle) != 0 }

  /// Number of logical elements.
  package var elementCount: Int { extents.reduce(1, *) }

  /// Floats in memory, padding included.
  package var floatCount: Int { byteCount / MemoryLayout<Float>.stride }

  /// Strides (of blocks) and inner blocks, as `strides|block x dimension`: equal text means equal layout.
  package var description: String {
    let rank = extents.count
    let strides = TensorLayout.integers(handle, dnnl_query_strides, count: rank)
    let blocks = innerBlocks.map { "\($0.size)x\($0.dimension)" }.joined(separator: ",")
    return "\(extents.map(String.init).joined(separator: "x")):\(strides.map(String.init).joined(separator: ","))|\(blocks)"
  }

  /// The blocks inside, outermost first: how many consecutive elements of which dimension.
  var innerBlocks: [(size: Int, dimension: Int)] {
    var count: Int32 = 0
    guard dnnl_memory_desc_query(handle, dnnl_query_inner_nblks_s32, &count) == dnnl_success, count > 0 else { return [] }
    let sizes = TensorLayout.integers(handle, dnnl_query_inner_blks, count: Int(count))
    let dimensions = TensorLayout.integers(handle, dnnl_query_inner_idxs, count: Int(count))
    return zip(sizes, dimensions).map { (size: $0, dimension: $1) }
  }

  /// Strides in elements.
  var strides: [Int] { TensorLayout.integers(handle, dnnl_query_strides, count: extents.count) }

  /// An activation's layout as channel blocks, if it is dense: planes are blocks of one, channels-last is one block.
  package func channelBlocks() throws -> ChannelBlocks {
    let strides = strides
    let inner = innerBlocks
    guard extents.count == 4 else { throw unsupported() }
    let (channels, height, width) = (extents[1], extents[2], extents[3])
    let block: Int
    if inner.isEmpty {
      block = strides[3] == 1 ? 1 : channels
      guard strides[2] == width * block || height == 1, strides[3] == block || width == 1 else { throw unsupported() }
    } else {
      guard inner.count == 1, inner[0].dimension == 1 else { throw unsupported() }
      block = inner[0].size
    }
    let blocks = (channels + block - 1) / block
    return ChannelBlocks(
      images: extents[0], channels: channels, height: height, width: width, block: block,
      blockStride: blocks == 1 ? height * width * block : strides[1], imageStride: blocks * height * width * block)
  }

  private func unsupported() -> LongtailError {
    LongtailError(.internalError, "the layout \(description) is not made of whole channel blocks")
  }

  private static func rank(_ handle: dnnl_memory_desc_t) -> Int {
    var rank: Int32 = 0
    return dnnl_memory_desc_query(handle, dnnl_query_ndims_s32, &rank) == dnnl_success ? Int(rank) : 0
  }

  private static func integers(_ handle: dnnl_memory_desc_t, _ what: dnnl_query_t, count: Int) -> [Int] {
    var values: UnsafePointer<Int64>?
    guard dnnl_memory_desc_query(handle, what, &values) == dnnl_success, let values else { return [] }
    return (0..<count).map { Int(values[$0]) }
  }
}

/// An activation in memory as our own loops see it.
///
/// The element of image n, channel c, position s (row-major) is number
/// `n * imageStride + (c / block) * blockStride + s * block + c % block`: planes are blocks of 1, channels-last is one block of all channels.
package struct ChannelBlocks: Sendable, Equatable {
  /// Number of images.
  package var images: Int
  /// Logical channels.
  package var channels: Int
  /// Rows.
  package var height: Int
  /// Columns.
  package var width: Int
  /// Channels that lie together.
  package var block: Int
  /// Floats from one block of channels to the next.
  package var blockStride: Int
  /// Floats from one image to the next.
  package var imageStride: Int

  /// Describes an activation.
  package init(images: Int, channels: Int, height: Int, width: Int, block: Int, blockStride: Int, imageStride: Int) {
    (self.images, self.channels, self.height, self.width) = (images, channels, height, width)
    (self.block, self.blockStride, self.imageStride) = (block, blockStride, imageStride)
  }

  /// Positions in an image.
  package var positions: Int { height * width }
  /// Number of blocks, the last one padded with zeros.
  package var blocks: Int { (channels + block - 1) / block }
  /// Floats in memory.
  package var floatCount: Int { images * imageStride }
}
