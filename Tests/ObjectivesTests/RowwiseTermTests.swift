import Objectives
import Tensors
import Testing

/// Terms whose rows have a loss each, and rows that are gathered.
@Suite struct RowwiseTermTests {
  /// 2 images of 3 rows of 5 numbers, in planes or in channel blocks with padding.
  private func view(_ isBlocked: Bool, _ values: [Float]) -> RowsView {
    let buffer = HostBuffer(floatCount: 64)
    let view: RowsView =
      isBlocked
      ? .blocked(buffer: buffer, images: 2, rowsPerImage: 3, classes: 5, blockSize: 8)
      : .planes(buffer: buffer, images: 2, rowsPerImage: 3, classes: 5)
    for (row, start) in stride(from: 0, to: values.count, by: 5).enumerated() {
      buffer.withFloats { floats in
        for k in 0..<5 { floats[view.index(image: row / 3, row: row % 3, class: k)] = values[start + k] }
      }
    }
    return view
  }

  private func rows(_ view: RowsView) -> [[Float]] {
    (0..<6).map { row in
      var values = [Float](repeating: 0, count: 5)
      view.copyRow(row / 3, row % 3, into: &values)
      return values
    }
  }

  @Test(arguments: [false, true]) func meanOfRowLosses(isBlocked: Bool) throws {
    let random = CounterRandom(seed: 1, purpose: .testing)
    let values = (0..<30).map { Float(random.uniform($0, in: -1...1)) }
    let (x, dx) = (view(isBlocked, values), view(isBlocked, Array(repeating: 9, count: 30)))
    let term = RowwiseTerm("square", at: PortPlace(port: "features"), weight: 3) { _ in
      { row, x, gradient in
        if row == 4 { return nil }
        for k in x.indices { gradient[k] = 2 * x[k] * Float(row) }
        return Double(row) * x.map { Double($0) * Double($0) }.reduce(0, +)
      }
    }
    #expect(term.reads == [PortPlace(port: "features")] && term.writes == term.reads && term.rounds == [2])
    let none: [Int32] = []
    try none.withUnsafeBufferPointer { labels in
      let inputs = StepInputs(targets: RowTargets(labels: labels)) { _ in .init(values: x, gradient: dx) }
      var packed = [0.0, 0.0, 0.0]
      try term.measure(round: 0, inputs, earlier: PackedSums(), into: &packed, at: 1, step: StepContext())
      var expected: [Double] = []
      for row in 0..<6 where row != 4 {
        let squares = values[5 * row..<5 * row + 5].map { Double($0) * Double($0) }
        expected.append(Double(row) * squares.reduce(0, +))
      }
      #expect(packed[2] == 5 && abs(packed[1] - expected.reduce(0, +)) < 1e-12)
      let sums = PackedSums([packed[1...]])
      let result = try term.result(sums, step: StepContext())
      #expect(result.isFinite && result.rows == nil && abs(result.loss - 3 * packed[1] / 5) < 1e-12)
      try term.complete(inputs, sums, result: result, step: StepContext())
      for (row, found) in rows(dx).enumerated() {
        for k in 0..<5 {
          let slope: Float = row == 4 ? 0 : 2 * values[5 * row + k] * Float(row)
          #expect(abs(found[k] - slope * 3 / 5) < 1e-6)
        }
      }
      if isBlocked { #expect(dx.buffer.withFloats { f in (0..<48).filter { $0 % 8 >= 5 }.allSatisfy { f[$0] == 0 } }) }
    }
    #expect(try term.result(PackedSums([[0, 0][...]]), step: StepContext()).loss == 0)
  }

  @Test func rowsAreGatheredInTheirOrder() throws {
    // Two ranks, two micro-batches: this rank has images 1 and 3 of five.
    let values = (0..<30).map { Float($0) - 7 }
    var packed = [Double](repeating: 5, count: 1 + 5 * 3 * 5)
    try GatheredRows.pack(view(true, values), at: BatchPlaces(images: 5, own: [1, 3]), into: &packed, from: 1)
    #expect(packed[0] == 5)
    let gathered = GatheredRows(packed[1...], width: 5)
    #expect(gathered.count == 15)
    for row in 0..<15 {
      let image = [1: 0, 3: 1][row / 3]
      let start = ((image ?? 0) * 3 + row % 3) * 5
      let expected: [Float]? = image == nil ? nil : Array(values[start..<start + 5])
      #expect(Array(gathered.row(row)) == expected ?? [0, 0, 0, 0, 0])
    }
    // A negative zero would tell one rank from many.
    var zeros = [Double](repeating: 1, count: 30)
    try GatheredRows.pack(view(false, Array(repeating: -0.0, count: 30)), at: BatchPlaces(all: 2), into: &zeros, from: 0)
    #expect(zeros.allSatisfy { $0.sign == .plus })
    // Two crops for each image of the batch.
    var crops = [Double](repeating: 0, count: 60)
    try GatheredRows.pack(view(false, values), at: BatchPlaces(images: 2, own: [1]), imagesPerPlace: 2, into: &crops, from: 0)
    #expect(crops.prefix(30).allSatisfy { $0 == 0 } && crops.suffix(30).map { Float($0) } == values)
    #expect(throws: LongtailError.self) {
      try GatheredRows.pack(view(false, values), at: BatchPlaces(images: 2, own: [1]), into: &crops, from: 0)
    }
  }

  @Test func aPortHasOneWriter() throws {
    let place = PortPlace(network: "head", port: "logits")
    let term = RowwiseTerm("one", at: place) { _ in { _, _, _ in 0 } }
    let other = RowwiseTerm("two", at: place) { _ in { _, _, _ in 0 } }
    let error = #expect(throws: LongtailError.self) { try TermList([term, other]) }
    #expect(error?.message.contains("head.logits") == true)
    #expect(throws: LongtailError.self) { try TermList([term], taken: [place: "link"]) }
    #expect(throws: LongtailError.self) { try TermList([term, RowwiseTerm("one", at: PortPlace(port: "x")) { _ in { _, _, _ in 0 } }]) }
    #expect(PortPlace(network: "key", port: "p", view: 1).description == "key.p of view 1")
    #expect(PortPlace(port: "p", view: 1) != PortPlace(port: "p"))
  }
}
