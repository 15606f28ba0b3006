/// Where tiles lie in activations: strips of the source with zeros around the image, tiles of the destination clipped at its edges.
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

  /// Goes on by some tiles, at most to the end of the row.
  @inline(__always)
  func advance(_ position: inout Position, by count: Int = 1) {
    position.column &+= count
    if position.column < columns { return }
    position.column = 0
    position.row &+= 1
    if position.row < rows { return }
    position.row = 0
    position.image &+= 1
  }

  /// How many of the next tiles lie side by side and are transformed together.
  @inline(__always)
  func stripCount(_ at: Position, limit: Int) -> Int { min(limit, columns - at.column, WinogradTransforms.strip) }

  /// The vertical half of the source's transform for a strip of tiles in one block of channels: [6][4 `count` + 2][8].
  /// - Parameter scaling: what is applied to each number; nil for nothing.
  func sourceColumns(_ image: Floats, _ at: Position, count: Int, scaling: ScaledLanes?, into half: Floats) {
    let (y, x) = (4 * at.row - 1, 4 * at.column - 1)
    let stride = (4 * count + 2) * 8
    let columns = max(0, -x)..<min(4 * count + 2, width - x)
    let (top, rows) = (image + (y * width + x + columns.lowerBound) * 8, max(0, -y)..<min(6, height - y))
    let to = half + columns.lowerBound * 8
    if let scaling {
      WinogradTransforms.sourceColumns(
        top: top, rowStride: width * 8, rows: rows, count: columns.count, into: to, stride: stride, read: { scaling($0) })
    } else {
      WinogradTransforms.sourceColumns(
        top: top, rowStride: width * 8, rows: rows, count: columns.count, into: to, stride: stride, read: { $0 })
    }
    clear(half, stride: stride, 0..<columns.lowerBound)
    clear(half, stride: stride, columns.upperBound..<(4 * count + 2))
  }

  /// The same for the gradient of the destination: [6][4 `count`][8].
  func gradientColumns(_ image: Floats, _ at: Position, count: Int, into half: Floats) {
    let (y, x) = (4 * at.row, 4 * at.column)
    let inside = min(4 * count, width - x)
    WinogradTransforms.gradientColumns(
      top: image + (y * width + x) * 8, rowStride: width * 8, rows: height - y, count: inside, into: half, stride: count * 32)
    clear(half, stride: count * 32, inside..<(4 * count))
  }

  private func clear(_ half: Floats, stride: Int, _ columns: Range<Int>) {
    for column in columns {
      for row in 0..<6 { WinogradTransforms.store(.zero, half + row * stride + column * 8) }
    }
  }

  /// Whether a tile lies wholly inside the image.
  @inline(__always)
  func isWhole(_ at: Position) -> Bool { 4 * at.row + 4 <= height && 4 * at.column + 4 <= width }

  /// Copies, or adds, what lies inside the image of a 4 x 4 tile.
  func clip(_ tile: Floats, _ at: Position, into image: Floats, adding: Bool) {
    let (y, x) = (4 * at.row, 4 * at.column)
    for row in 0..<min(4, height - y) {
      for column in 0..<min(4, width - x) {
        let (value, to) = (WinogradTransforms.load(tile + (row * 4 + column) * 8), image + ((y + row) * width + x + column) * 8)
        WinogradTransforms.store(adding ? WinogradTransforms.load(to) + value : value, to)
      }
    }
  }
}
