/// Where tiles lie in activations: windows of the source with zeros around the image, tiles of the destination clipped at its edges.
struct WinogradTiles {
  typealias Floats = UnsafeMutablePointer<Float>

  let height: Int
  let width: Int
  let rows: Int
  let columns: Int

  init(_ convolution: WinogradConvolution) {
    height = convolution.height
    width = convolution.width
    rows = convolution.tileRows
    columns = convolution.tileColumns
  }

  /// Floats from one block of channels to the next.
  var blockStride: Int { height * width * 8 }

  /// Walks through the tiles of all images in order.
  struct Position {
    var image: Int
    var row: Int
    var column: Int
  }

  @inline(__always)
  func position(_ tile: Int) -> Position {
    let (line, column) = tile.quotientAndRemainder(dividingBy: columns)
    let (image, row) = line.quotientAndRemainder(dividingBy: rows)
    return Position(image: image, row: row, column: column)
  }

  @inline(__always)
  func advance(_ position: inout Position) {
    position.column &+= 1
    if position.column < columns { return }
    position.column = 0
    position.row &+= 1
    if position.row < rows { return }
    position.row = 0
    position.image &+= 1
  }

  /// The 6 x 6 window of a tile in one block of channels: its address in the image, or a copy with zeros outside of the image.
  /// - Parameter copy: 36 vectors.
  @inline(__always)
  func window(_ image: Floats, _ at: Position, copy: Floats) -> (address: Floats, rowStride: Int) {
    let (y, x) = (4 * at.row - 1, 4 * at.column - 1)
    if y >= 0, x >= 0, y + 6 <= height, x + 6 <= width { return (image + (y * width + x) * 8, width * 8) }
    copyWindow(image, y, x, extent: 6, into: copy)
    return (copy, 48)
  }

  /// The 4 x 4 tile itself, alike.
  @inline(__always)
  func tile(_ image: Floats, _ at: Position, copy: Floats) -> (address: Floats, rowStride: Int) {
    let (y, x) = (4 * at.row, 4 * at.column)
    if y + 4 <= height, x + 4 <= width { return (image + (y * width + x) * 8, width * 8) }
    copyWindow(image, y, x, extent: 4, into: copy)
    return (copy, 32)
  }

  private func copyWindow(_ image: Floats, _ y: Int, _ x: Int, extent: Int, into copy: Floats) {
    let zero = SIMD8<Float>(repeating: 0)
    for row in 0..<extent {
      let inside = y + row >= 0 && y + row < height
      let from = image + ((y + row) * width + x) * 8
      let to = copy + row * extent * 8
      for column in 0..<extent {
        let value = inside && x + column >= 0 && x + column < width ? WinogradTransforms.load(from + column * 8) : zero
        WinogradTransforms.store(value, to + column * 8)
      }
    }
  }

  /// Whether a tile lies wholly inside the image.
  @inline(__always)
  func isWhole(_ at: Position) -> Bool { 4 * at.row + 4 <= height && 4 * at.column + 4 <= width }

  /// Copies what lies inside the image of a 4 x 4 tile.
  func clip(_ tile: Floats, _ at: Position, into image: Floats) {
    let (y, x) = (4 * at.row, 4 * at.column)
    for row in 0..<min(4, height - y) {
      for column in 0..<min(4, width - x) {
        WinogradTransforms.store(
          WinogradTransforms.load(tile + (row * 4 + column) * 8), image + ((y + row) * width + x + column) * 8)
      }
    }
  }
}
