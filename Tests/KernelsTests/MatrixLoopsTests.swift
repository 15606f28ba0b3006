import Kernels
import Tensors
import Testing
import Threading

extension KernelsTests {
  /// Products and normalization of rows against plain loops in float64.
  struct MatrixLoopsTests {
    /// A matrix with padding behind each row, in float64 too.
    struct Matrix {
      let rows: Int
      let columns: Int
      let stride: Int
      var numbers: [Double]

      init(_ rows: Int, _ columns: Int, padding: Int = 0, seed: UInt64) {
        (self.rows, self.columns, stride) = (rows, columns, columns + padding)
        var state = seed &* 0x9E37_79B9_7F4A_7C15
        numbers = (0..<rows * columns).map { _ in
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          return Double(Float(Int64(bitPattern: state) >> 40) / Float(1 << 23))
        }
      }

      subscript(row: Int, column: Int) -> Double { numbers[row * columns + column] }
      var places: [Int] { (0..<rows * columns).map { $0 / columns * stride + $0 % columns } }
      func view() throws -> MatrixView {
        try MatrixView(region(numbers, at: places, count: rows * stride), rows: rows, columns: columns, stride: stride)
      }
    }

    /// A matrix that shows where nothing was written.
    static func spoiledMatrix(_ rows: Int, _ columns: Int, padding: Int = 0) throws -> MatrixView {
      try MatrixView(spoiled(rows * (columns + padding)), rows: rows, columns: columns, stride: columns + padding)
    }

    static func values(_ view: MatrixView) -> [Double] {
      let floats = view.region.floats
      return (0..<view.rows * view.columns).map { Double(floats[$0 / view.columns * view.stride + $0 % view.columns]) }
    }

    static func hasZeroPadding(_ view: MatrixView) -> Bool {
      let floats = view.region.floats
      return (0..<view.rows).allSatisfy { row in floats[row * view.stride + view.columns..<(row + 1) * view.stride].allSatisfy { $0 == 0 } }
    }

    static func error(_ found: [Double], _ expected: [Double]) -> Double {
      let difference = zip(found, expected).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      return (difference / max(expected.reduce(0) { $0 + $1 * $1 }, .leastNormalMagnitude)).squareRoot()
    }

    static let shapes = [
      (1, 1, 1), (3, 5, 7), (4, 16, 8), (5, 17, 9), (33, 64, 10), (128, 64, 100), (7, 200, 67), (66, 33, 21), (2, 512, 1000), (40, 3, 4),
    ]

    @Test(arguments: shapes, [1, 2]) func productsAreThoseOfPlainLoops(shape: (Int, Int, Int), threads: Int) throws {
      ComputePool.configure(threadCount: threads)
      let (n, k, m) = shape
      let x = Matrix(n, k, padding: 3, seed: 1)
      let w = Matrix(m, k, seed: 2)
      let bias = Matrix(1, m, seed: 3)
      func table(_ rows: Int, _ columns: Int, _ element: (Int, Int) -> Double) -> [Double] {
        (0..<rows * columns).map { element($0 / columns, $0 % columns) }
      }
      let y = try Self.spoiledMatrix(n, m, padding: 5)
      MatrixLoops.multiply(try x.view(), transposed: try w.view(), bias: try bias.view().region, into: y)
      let product = table(n, m) { row, column in (0..<k).reduce(bias[0, column]) { $0 + x[row, $1] * w[column, $1] } }
      #expect(Self.error(Self.values(y), product) < 1e-6 && Self.hasZeroPadding(y))

      let dy = Matrix(n, m, padding: 2, seed: 4)
      let dx = try Self.spoiledMatrix(n, k, padding: 7)
      MatrixLoops.multiply(try dy.view(), try w.view(), into: dx)
      #expect(
        Self.error(Self.values(dx), table(n, k) { row, column in (0..<m).reduce(0) { $0 + dy[row, $1] * w[$1, column] } }) < 1e-6
          && Self.hasZeroPadding(dx))

      let dw = try Self.spoiledMatrix(m, k)
      MatrixLoops.multiply(transposed: try dy.view(), try x.view(), into: dw)
      #expect(Self.error(Self.values(dw), table(m, k) { row, column in (0..<n).reduce(0) { $0 + dy[$1, row] * x[$1, column] } }) < 1e-6)

      let sums = try spoiled(m)
      MatrixLoops.columnSums(try dy.view(), into: sums)
      #expect(Self.error(sums.floats.map(Double.init), table(1, m) { _, column in (0..<n).reduce(0) { $0 + dy[$1, column] } }) < 1e-6)
      let other = Matrix(n, m, seed: 5)
      MatrixLoops.columnProducts(try dy.view(), try other.view(), into: sums)
      let products = table(1, m) { _, column in (0..<n).reduce(0) { $0 + dy[$1, column] * other[$1, column] } }
      #expect(Self.error(sums.floats.map(Double.init), products) < 1e-6)
      let scaled = try Self.spoiledMatrix(n, m, padding: 1)
      MatrixLoops.scaleColumns(try dy.view(), by: try bias.view().region, into: scaled)
      #expect(Self.error(Self.values(scaled), table(n, m) { dy[$0, $1] * bias[0, $1] }) < 1e-6 && Self.hasZeroPadding(scaled))
    }

    /// A row of a result has the same bits wherever it stands, on any number of threads.
    @Test func rowsAreTheSameEverywhere() throws {
      let (n, k, m) = (37, 45, 23)
      let (x, w) = (Matrix(n, k, seed: 6), Matrix(m, k, seed: 7))
      var results: [[Float]] = []
      for threads in [1, 2, 3] {
        ComputePool.configure(threadCount: threads)
        let (y, dw) = (try Self.spoiledMatrix(n, m), try Self.spoiledMatrix(m, k))
        MatrixLoops.multiply(try x.view(), transposed: try w.view(), bias: nil, into: y)
        MatrixLoops.multiply(transposed: y, try x.view(), into: dw)
        results.append(y.region.floats + dw.region.floats)
      }
      #expect(results[0] == results[1] && results[0] == results[2])
      var last = Matrix(1, k, seed: 6)
      last.numbers = Array(x.numbers[(n - 1) * k..<n * k])
      let y = try Self.spoiledMatrix(1, m)
      MatrixLoops.multiply(try last.view(), transposed: try w.view(), bias: nil, into: y)
      #expect(y.region.floats == Array(results[0][(n - 1) * m..<n * m]))
    }

    @Test(arguments: [RowNormalizationLoops.Rule.unit, .squashed], [1, 8, 67])
    func normalizationHasItsGradient(rule: RowNormalizationLoops.Rule, columns: Int) throws {
      let (x, g, factor) = (Matrix(5, columns, padding: 3, seed: 8), Matrix(5, columns, seed: 9), 3.0)
      func normalized(_ row: [Double]) -> [Double] {
        let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return row.map { factor * $0 / (rule == .unit ? length : 1 + length) }
      }
      func row(_ m: Matrix, _ i: Int) -> [Double] { Array(m.numbers[i * columns..<(i + 1) * columns]) }
      let y = try Self.spoiledMatrix(5, columns, padding: 2)
      RowNormalizationLoops.normalize(try x.view(), rule, factor: Float(factor), into: y)
      #expect(Self.error(Self.values(y), (0..<5).flatMap { normalized(row(x, $0)) }) < 1e-6 && Self.hasZeroPadding(y))

      let (dx, along) = (try Self.spoiledMatrix(5, columns, padding: 4), try spoiled(5))
      RowNormalizationLoops.gradient(try x.view(), gradient: try g.view(), rule, factor: Float(factor), along: along, into: dx)
      let slopes = (0..<5 * columns).map { at -> Double in
        let (i, k) = (at / columns, at % columns)
        func product(_ step: Double) -> Double {
          var moved = row(x, i)
          moved[k] += step
          return zip(normalized(moved), row(g, i)).reduce(0) { $0 + $1.0 * $1.1 }
        }
        return (product(1e-6) - product(-1e-6)) / 2e-6
      }
      let found = Self.values(dx)
      #expect(zip(found, slopes).allSatisfy { abs($0 - $1) < 1e-5 * max(1, abs($1)) * 10 } && Self.hasZeroPadding(dx))
      for i in 0..<5 {
        let length = row(x, i).reduce(0) { $0 + $1 * $1 }.squareRoot()
        let expected = zip(row(x, i), row(g, i)).reduce(0) { $0 + $1.0 * $1.1 } / length
        #expect(abs(Double(along.floats[i]) - expected) < 1e-5)
      }
      // In place, as the gradient of a layer's weights is made.
      let own = try MatrixView(region(g.numbers, at: g.places, count: 5 * columns), rows: 5, columns: columns, stride: columns)
      RowNormalizationLoops.gradient(try x.view(), gradient: own, rule, factor: Float(factor), into: own)
      #expect(Self.values(own) == found)
    }

    /// A row of zeros stays one, and nothing becomes infinite.
    @Test(arguments: [RowNormalizationLoops.Rule.unit, .squashed]) func rowsOfZerosAreFinite(rule: RowNormalizationLoops.Rule) throws {
      var (x, g) = (Matrix(2, 8, seed: 1), Matrix(2, 8, seed: 2))
      for i in 0..<8 { (x.numbers[i], g.numbers[i]) = (0, g.numbers[i] * 1e-12) }
      let (y, dx) = (try Self.spoiledMatrix(2, 8), try Self.spoiledMatrix(2, 8))
      RowNormalizationLoops.normalize(try x.view(), rule, into: y)
      RowNormalizationLoops.gradient(try x.view(), gradient: try g.view(), rule, into: dx)
      #expect(Self.values(y).prefix(8).allSatisfy { $0 == 0 } && Self.values(dx).allSatisfy(\.isFinite))
    }
  }
}
