import Tensors

/// Moves eight rows at a time between a `RowsView` and a tile: class `k` of the eight rows is `tile[k]`.
///
/// Planes are copied, rows with neighbouring classes are transposed eight by eight, everything else goes one by one.
/// Where channel blocks are padded, stores fill the padding with what the tile holds there; the passes keep it zero.
struct RowAccess {
  private enum Kind { case planes, neighbours, general }

  /// Classes with the padding of the last block, if the layout has any.
  let paddedClasses: Int

  private let base: UnsafeMutablePointer<Float>
  private let classOffsets: UnsafePointer<Int>
  private let classes: Int
  private let imageStride: Int
  private let rowStride: Int
  private let kind: Kind
  private let readableGroups: Int
  private let writableGroups: Int

  /// Entries that `classOffsets` must have for a view.
  static func paddedClasses(of view: RowsView) -> Int {
    let isPadded = view.classStride == 1 && view.rowStride == view.blockSize && view.classes % view.blockSize != 0
    return isPadded ? (view.classes + view.blockSize - 1) / view.blockSize * view.blockSize : view.classes
  }

  /// Binds a view to its memory.
  /// - Parameters:
  ///   - base: the view's buffer.
  ///   - classOffsets: room for `paddedClasses(of: view)` numbers, filled here, valid as long as this value.
  init(_ view: RowsView, base: UnsafeMutablePointer<Float>, classOffsets: UnsafeMutablePointer<Int>) {
    let padded = RowAccess.paddedClasses(of: view)
    for k in 0..<padded {
      classOffsets[k] = (k / view.blockSize) * view.blockStride + (k % view.blockSize) * view.classStride
    }
    self.base = base + view.offset
    self.classOffsets = UnsafePointer(classOffsets)
    paddedClasses = padded
    classes = view.classes
    imageStride = view.imageStride
    rowStride = view.rowStride
    let groupsStayInBlocks = view.blockSize >= view.classes || view.blockSize % 8 == 0
    if view.rowStride == 1 {
      kind = .planes
    } else if view.classStride == 1 && groupsStayInBlocks {
      kind = .neighbours
    } else {
      kind = .general
    }
    readableGroups = padded > view.classes ? min((view.classes + 7) / 8, padded / 8) : view.classes / 8
    writableGroups = padded / 8
  }

  /// Reads `count` rows from `row` on; the lanes beyond are 0.
  @inline(__always)
  func load(image: Int, row: Int, count: Int, into tile: UnsafeMutablePointer<Lanes>) {
    let start = base + (image &* imageStride &+ row &* rowStride)
    if count == 8 && kind == .planes {
      for k in 0..<classes {
        tile[k] = UnsafeRawPointer(start + classOffsets[k]).loadUnaligned(as: Lanes.self)
      }
      return
    }
    var first = 0
    if count == 8 && kind == .neighbours {
      for group in 0..<readableGroups {
        let source = UnsafeRawPointer(start + classOffsets[group &* 8])
        transpose(from: source, stride: rowStride &* 4, to: UnsafeMutableRawPointer(tile + group &* 8), stride: 32)
      }
      first = readableGroups &* 8
    }
    let numbers = LaneNumbers(tile)
    var k = first
    while k < classes {
      let source = start + classOffsets[k]
      for lane in 0..<count { numbers[k &* 8 &+ lane] = source[lane &* rowStride] }
      for lane in count..<8 { numbers[k &* 8 &+ lane] = 0 }
      k &+= 1
    }
  }

  /// Writes `count` rows from `row` on.
  @inline(__always)
  func store(image: Int, row: Int, count: Int, from tile: UnsafeMutablePointer<Lanes>) {
    let start = base + (image &* imageStride &+ row &* rowStride)
    if count == 8 && kind == .planes {
      for k in 0..<classes {
        UnsafeMutableRawPointer(start + classOffsets[k]).storeBytes(of: tile[k], as: Lanes.self)
      }
      return
    }
    var first = 0
    if count == 8 && kind == .neighbours {
      for group in 0..<writableGroups {
        let target = UnsafeMutableRawPointer(start + classOffsets[group &* 8])
        transpose(from: UnsafeRawPointer(tile + group &* 8), stride: 32, to: target, stride: rowStride &* 4)
      }
      first = writableGroups &* 8
    }
    let numbers = LaneNumbers(tile)
    var k = first
    while k < paddedClasses {
      let target = start + classOffsets[k]
      for lane in 0..<count { target[lane &* rowStride] = numbers[k &* 8 &+ lane] }
      k &+= 1
    }
  }

  /// Transposes eight by eight floats; strides in bytes.
  @inline(__always)
  private func transpose(
    from source: UnsafeRawPointer, stride: Int, to target: UnsafeMutableRawPointer, stride targetStride: Int
  ) {
    var a0 = source.loadUnaligned(fromByteOffset: 0, as: Lanes.self)
    var a1 = source.loadUnaligned(fromByteOffset: stride, as: Lanes.self)
    var a2 = source.loadUnaligned(fromByteOffset: 2 &* stride, as: Lanes.self)
    var a3 = source.loadUnaligned(fromByteOffset: 3 &* stride, as: Lanes.self)
    var a4 = source.loadUnaligned(fromByteOffset: 4 &* stride, as: Lanes.self)
    var a5 = source.loadUnaligned(fromByteOffset: 5 &* stride, as: Lanes.self)
    var a6 = source.loadUnaligned(fromByteOffset: 6 &* stride, as: Lanes.self)
    var a7 = source.loadUnaligned(fromByteOffset: 7 &* stride, as: Lanes.self)
    // Taking even and odd elements apart rotates the bits of an element's index; three rotations swap row and column.
    for _ in 0..<3 {
      let b0 = Lanes(lowHalf: a0.evenHalf, highHalf: a1.evenHalf)
      let b1 = Lanes(lowHalf: a2.evenHalf, highHalf: a3.evenHalf)
      let b2 = Lanes(lowHalf: a4.evenHalf, highHalf: a5.evenHalf)
      let b3 = Lanes(lowHalf: a6.evenHalf, highHalf: a7.evenHalf)
      let b4 = Lanes(lowHalf: a0.oddHalf, highHalf: a1.oddHalf)
      let b5 = Lanes(lowHalf: a2.oddHalf, highHalf: a3.oddHalf)
      let b6 = Lanes(lowHalf: a4.oddHalf, highHalf: a5.oddHalf)
      let b7 = Lanes(lowHalf: a6.oddHalf, highHalf: a7.oddHalf)
      (a0, a1, a2, a3, a4, a5, a6, a7) = (b0, b1, b2, b3, b4, b5, b6, b7)
    }
    target.storeBytes(of: a0, as: Lanes.self)
    target.storeBytes(of: a1, toByteOffset: targetStride, as: Lanes.self)
    target.storeBytes(of: a2, toByteOffset: 2 &* targetStride, as: Lanes.self)
    target.storeBytes(of: a3, toByteOffset: 3 &* targetStride, as: Lanes.self)
    target.storeBytes(of: a4, toByteOffset: 4 &* targetStride, as: Lanes.self)
    target.storeBytes(of: a5, toByteOffset: 5 &* targetStride, as: Lanes.self)
    target.storeBytes(of: a6, toByteOffset: 6 &* targetStride, as: Lanes.self)
    target.storeBytes(of: a7, toByteOffset: 7 &* targetStride, as: Lanes.self)
  }
}
