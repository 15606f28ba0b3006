import Tensors
import Threading

/// Products of matrices for layers that see one row of features an image, in float32.
///
/// Each element is summed in the same order whatever the number of rows and threads, so that a row of the result is a function of the rows
/// that it is made from, bit by bit. Cost of a product: 2 n m k operations; weights are read once for every 32 rows or every 4.
package enum MatrixLoops {
  typealias Lanes = SIMD8<Float>
  typealias Floats = UnsafeMutablePointer<Float>

  private static let rowsOfPart = 32

  /// y = x wᵀ + bias: n x k times m x k gives n x m.
  /// - Parameter bias: m numbers, added to each row; nil for none.
  package static func multiply(_ x: MatrixView, transposed w: MatrixView, bias: FloatRegion?, into y: MatrixView) {
    let (groups, chunks) = ((w.rows + 3) / 4, (x.rows + rowsOfPart - 1) / rowsOfPart)
    ComputePool.forEachRange(of: groups * chunks) { parts in
      for part in parts {
        let (chunk, group) = part.quotientAndRemainder(dividingBy: groups)
        let columns = 4 * group..<min(w.rows, 4 * group + 4)
        for row in chunk * rowsOfPart..<min(x.rows, (chunk + 1) * rowsOfPart) {
          let (from, to) = (x.base + row * x.stride, y.base + row * y.stride)
          if columns.count == 4 {
            dot4(from, w.base + columns.lowerBound * w.stride, w.stride, x.columns, into: to + columns.lowerBound)
          } else {
            for column in columns { to[column] = dot(from, w.base + column * w.stride, x.columns) }
          }
          if let bias { for column in columns { to[column] += bias.base[column] } }
          if columns.upperBound == w.rows { y.clearPadding(ofRow: row) }
        }
      }
    }
  }

  /// y = a b: n x k times k x m gives n x m.
  package static func multiply(_ a: MatrixView, _ b: MatrixView, into y: MatrixView) {
    combine(a.base, rowStep: a.stride, termStep: 1, terms: a.columns, b, into: y)
  }

  /// y = aᵀ b: k x n, transposed, times k x m gives n x m.
  package static func multiply(transposed a: MatrixView, _ b: MatrixView, into y: MatrixView) {
    combine(a.base, rowStep: 1, termStep: a.stride, terms: a.rows, b, into: y)
  }

  /// Sets what lies behind the columns of each row to zero.
  package static func clearPadding(_ a: MatrixView) { for row in 0..<a.rows { a.clearPadding(ofRow: row) } }

  /// The sum of each column, in float64.
  package static func columnSums(_ a: MatrixView, into sums: FloatRegion) {
    let (from, to) = (a.base, sums.base)
    ComputePool.forEachRange(of: a.columns, minimum: 256) { columns in
      for column in columns {
        var sum = 0.0
        for row in 0..<a.rows { sum += Double(from[row * a.stride + column]) }
        to[column] = Float(sum)
      }
    }
  }

  /// The sum over the rows of products of elements, by column, in float64.
  package static func columnProducts(_ a: MatrixView, _ b: MatrixView, into sums: FloatRegion) {
    let (first, second, to) = (a.base, b.base, sums.base)
    ComputePool.forEachRange(of: a.columns, minimum: 256) { columns in
      for column in columns {
        var sum = 0.0
        for row in 0..<a.rows { sum += Double(first[row * a.stride + column]) * Double(second[row * b.stride + column]) }
        to[column] = Float(sum)
      }
    }
  }

  /// y = x with each column multiplied by its factor; `y` may be `x` itself.
  package static func scaleColumns(_ x: MatrixView, by factors: FloatRegion, into y: MatrixView) {
    let (from, to, scale) = (x.base, y.base, factors.base)
    ComputePool.forEachRange(of: x.rows, minimum: 16) { rows in
      for row in rows {
        for column in 0..<x.columns { to[row * y.stride + column] = from[row * x.stride + column] * scale[column] }
        y.clearPadding(ofRow: row)
      }
    }
  }

  /// The product of two rows: eight sums side by side, then what is left.
  @inline(__always)
  static func dot(_ a: Floats, _ b: Floats, _ count: Int) -> Float {
    var sum = Lanes(repeating: 0)
    var at = 0
    while at + 8 <= count {
      sum = sum.addingProduct(Lanes8.load(a + at), Lanes8.load(b + at))
      at += 8
    }
    return finished(sum, a, b, at, count)
  }

  /// The products of one row with four others, each summed as `dot` sums.
  @inline(__always)
  private static func dot4(_ x: Floats, _ w: Floats, _ step: Int, _ count: Int, into y: Floats) {
    let (w0, w1, w2, w3) = (w, w + step, w + 2 * step, w + 3 * step)
    var (s0, s1, s2, s3) = (Lanes(repeating: 0), Lanes(repeating: 0), Lanes(repeating: 0), Lanes(repeating: 0))
    var at = 0
    while at + 8 <= count {
      let value = Lanes8.load(x + at)
      s0 = s0.addingProduct(value, Lanes8.load(w0 + at))
      s1 = s1.addingProduct(value, Lanes8.load(w1 + at))
      s2 = s2.addingProduct(value, Lanes8.load(w2 + at))
      s3 = s3.addingProduct(value, Lanes8.load(w3 + at))
      at += 8
    }
    y[0] = finished(s0, x, w0, at, count)
    y[1] = finished(s1, x, w1, at, count)
    y[2] = finished(s2, x, w2, at, count)
    y[3] = finished(s3, x, w3, at, count)
  }

  @inline(__always)
  private static func finished(_ sum: Lanes, _ a: Floats, _ b: Floats, _ start: Int, _ count: Int) -> Float {
    let pairs = sum.lowHalf + sum.highHalf
    var total = (pairs[0] + pairs[2]) + (pairs[1] + pairs[3])
    for at in start..<count { total = total.addingProduct(a[at], b[at]) }
    return total
  }

  /// y[i] = sum over k of a(i, k) b[k], the terms in order: four rows of the result at a time, 16 columns of each in registers.
  private static func combine(_ a: Floats, rowStep: Int, termStep: Int, terms: Int, _ b: MatrixView, into y: MatrixView) {
    ComputePool.forEachRange(of: (y.rows + 3) / 4) { groups in
      for group in groups {
        let rows = 4 * group..<min(y.rows, 4 * group + 4)
        let first = a + rows.lowerBound * rowStep
        let target = y.base + rows.lowerBound * y.stride
        var column = 0
        while rows.count == 4, column + 16 <= y.columns {
          combine4(first, rowStep, termStep, terms, b.base + column, b.stride, into: target + column, y.stride)
          column += 16
        }
        for row in 0..<rows.count {
          combine1(first + row * rowStep, termStep, terms, b, from: column, into: target + row * y.stride, y.columns)
          y.clearPadding(ofRow: rows.lowerBound + row)
        }
      }
    }
  }

  @inline(__always)
  private static func combine4(
    _ a: Floats, _ rowStep: Int, _ termStep: Int, _ terms: Int, _ b: Floats, _ stride: Int, into y: Floats, _ yStride: Int
  ) {
    let zero = Lanes(repeating: 0)
    var (l0, l1, l2, l3, h0, h1, h2, h3) = (zero, zero, zero, zero, zero, zero, zero, zero)
    var (a, b) = (a, b)
    for _ in 0..<terms {
      let (low, high) = (Lanes8.load(b), Lanes8.load(b + 8))
      let x0 = Lanes(repeating: a[0])
      l0 = l0.addingProduct(x0, low)
      h0 = h0.addingProduct(x0, high)
      let x1 = Lanes(repeating: a[rowStep])
      l1 = l1.addingProduct(x1, low)
      h1 = h1.addingProduct(x1, high)
      let x2 = Lanes(repeating: a[2 * rowStep])
      l2 = l2.addingProduct(x2, low)
      h2 = h2.addingProduct(x2, high)
      let x3 = Lanes(repeating: a[3 * rowStep])
      l3 = l3.addingProduct(x3, low)
      h3 = h3.addingProduct(x3, high)
      a += termStep
      b += stride
    }
    store(l0, h0, y)
    store(l1, h1, y + yStride)
    store(l2, h2, y + 2 * yStride)
    store(l3, h3, y + 3 * yStride)
  }

  @inline(__always)
  private static func store(_ low: Lanes, _ high: Lanes, _ y: Floats) {
    Lanes8.store(low, y)
    Lanes8.store(high, y + 8)
  }

  @inline(__always)
  private static func combine1(
    _ a: Floats, _ termStep: Int, _ terms: Int, _ b: MatrixView, from start: Int, into y: Floats, _ columns: Int
  ) {
    var column = start
    while column + 8 <= columns {
      var sum = Lanes(repeating: 0)
      for k in 0..<terms { sum = sum.addingProduct(Lanes(repeating: a[k * termStep]), Lanes8.load(b.base + k * b.stride + column)) }
      Lanes8.store(sum, y + column)
      column += 8
    }
    while column < columns {
      var sum: Float = 0
      for k in 0..<terms { sum = sum.addingProduct(a[k * termStep], b.base[k * b.stride + column]) }
      y[column] = sum
      column += 1
    }
  }
}
