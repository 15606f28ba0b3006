import Objectives
import Tensors
import TestSupport
import Testing

extension CommonSuite {
  @Test("may write the gradient over the logits", arguments: Subject.all)
  func inPlace(_ subject: Subject) throws {
    let batch = Batch.random(images: 2, rows: 45, classes: 5)
    for layout in [Layout.planes, .channelsLast, .blocks8] {
      let expected = try step([subject.make(classes: 5)], [batch], layout: layout)
      let rows = layout.view(images: 2, rows: 45, classes: 5)
      rows.numbers = batch.logits
      let objective = try subject.make(classes: 5)
      let gram = try objective.needsClassifierGram ? testGram(classes: 5) : nil
      try batch.withRows(rows, gram: gram) { labelled in
        let (result, _) = try allRounds(objective, labelled, gradient: rows, StepContext(epoch: 2, samples: batch.samples))
        try objective.complete(gradient: rows, labelled, result: result)
        #expect(result == expected.result)
      }
      #expect(rows.numbers == expected.gradient)
    }
  }

  @Test("goes on from its saved state as if nothing had happened", arguments: Subject.all)
  func resume(_ subject: Subject) throws {
    let batches = (0..<5).map { Batch.random(images: 2, rows: 40, classes: 4, seed: UInt64(10 + $0)) }
    let first = try subject.make(classes: 4)
    for (i, batch) in batches[..<3].enumerated() { _ = try step([first], [batch], epoch: i) }
    let second = try subject.make(classes: 4)
    try second.restore(state: first.state)
    #expect(second.state == first.state)
    for (i, batch) in batches[3...].enumerated() {
      let a = try step([first], [batch], epoch: 3 + i)
      let b = try step([second], [batch], epoch: 3 + i)
      #expect(a.result == b.result && a.gradient == b.gradient && a.packed == b.packed)
    }
    #expect(first.state == second.state)
    for (key, values) in first.state {
      var damaged = first.state
      damaged[key] = values.map { _ in .nan }
      #expect(throws: LongtailError.self, "\(key)") { try second.restore(state: damaged) }
      damaged[key] = values + [1]
      #expect(throws: LongtailError.self, "\(key)") { try second.restore(state: damaged) }
      #expect(second.state == first.state)
    }
  }

  @Test("running state follows from the global batch alone, and not from a step that is not finite", arguments: Subject.all)
  func stateOverRanks(_ subject: Subject) throws {
    let one = try subject.make(classes: 4)
    let two = try [subject.make(classes: 4), subject.make(classes: 4)]
    for i in 0..<3 {
      let batch = Batch.random(images: 3, rows: 40, classes: 4, seed: UInt64(20 + i))
      let a = try step([one], [batch])
      let b = try step(two, [batch[0..<1], batch[1..<3]])
      #expect(abs(a.result.loss - b.result.loss) <= 1e-9 * abs(a.result.loss))
      #expect(relativeError(b.gradient, a.gradient.map(Double.init)) < 1e-6)
    }
    for (key, values) in one.state {
      #expect(isClose(two[0].state[key] ?? [], values, 1e-9) && two[0].state[key] == two[1].state[key], "\(key)")
    }
    let before = one.state
    var bad = Batch.random(images: 1, rows: 40, classes: 4)
    bad.logits[4] = .nan
    bad.labels[1] = 0
    _ = try step([one], [bad])
    #expect(one.state == before)
  }

  @Test("the rows of images may be as many as the vectors, or one more or less", arguments: Subject.all)
  func tails(_ subject: Subject) throws {
    for rows in [7, 8, 9, 2047, 2049] {
      let batch = Batch.random(images: 2, rows: rows, classes: 3, seed: UInt64(rows))
      let whole = try step([subject.make(classes: 3)], [batch])
      let halves = try step([subject.make(classes: 3), subject.make(classes: 3)], [batch[0..<1], batch[1..<2]], layout: .channelsLast)
      #expect(abs(whole.result.loss - halves.result.loss) <= 1e-9 * abs(whole.result.loss))
      #expect(relativeError(halves.gradient, whole.gradient.map(Double.init)) < 1e-6)
    }
  }
}
