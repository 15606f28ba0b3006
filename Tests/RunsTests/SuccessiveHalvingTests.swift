import Runs
import Tensors
import TestSupport
import Testing

@Suite struct SuccessiveHalvingTests {
  @Test func rungsAndSharesAreRead() throws {
    let halving = try SuccessiveHalving(rungs: "1/4, 0.5,1", keep: "1/3")
    #expect(halving.rungs == [0.25, 0.5, 1] && halving.keep == 1.0 / 3)
  }

  @Test func aShareOfTheCandidatesGoesOn() throws {
    let third = try SuccessiveHalving(rungs: [0.25, 0.5, 1], keep: 1.0 / 3)
    #expect(third.counts(of: 12) == [12, 4, 2])
    #expect(third.counts(of: 9) == [9, 3, 1])
    #expect(third.counts(of: 1) == [1, 1, 1])
    #expect(third.counts(of: 10) == [10, 4, 2])
    #expect(try SuccessiveHalving(rungs: [1], keep: 1).counts(of: 5) == [5])
    // 12 quarters, 4 further quarters, 2 halves: 3 + 1 + 1 whole runs of 12.
    #expect(abs(third.cost(of: 12) - 5.0 / 12) < 1e-12)
    #expect(try SuccessiveHalving(rungs: [1], keep: 0.5).cost(of: 7) == 1)
    // All up to a half, a third of them to three quarters, a sixth to the end.
    #expect(abs(third.cost(of: 12, upTo: [0.5, 0.75, 1]) - (0.5 + 0.25 / 3 + 0.25 / 6)) < 1e-12)
  }

  @Test func theBestGoOnInTheirOrder() throws {
    let half = try SuccessiveHalving(rungs: [0.5, 1], keep: 0.5)
    #expect(half.survivors([0.1, 0.4, nil, 0.3, 0.2, .nan], .larger) == [1, 3, 4])
    #expect(half.survivors([0.1, 0.4, nil, 0.3], .smaller) == [0, 3])
    // Equal scores: the earlier one.
    #expect(half.survivors([0.5, 0.5, 0.5, 0.5], .larger) == [0, 1])
    // Who has no score goes nowhere, even if there is room.
    #expect(half.survivors([nil, 0.1, nil, nil], .larger) == [1])
    #expect(half.survivors([nil, nil], .larger).isEmpty)
    #expect(SuccessiveHalving.ranking([0.2, nil, 0.3, 0.2], .larger) == [2, 0, 3])
    #expect(SuccessiveHalving.ranking([0.2, nil, 0.3, 0.2], .smaller) == [0, 3, 2])
  }

  @Test(arguments: [
    ("", "1/3"), ("1,0.5", "1/3"), ("0.5,0.5", "1/3"), ("0,1", "1/3"), ("0.5,2", "1/3"), ("1/0", "1/3"), ("a", "1/3"), ("1", "0"),
    ("1", "2"),
    ("1", "x"), ("1,", "1/3"),
  ])
  func mistakesAreRefused(_ rungs: String, _ keep: String) {
    #expect(longtailError { _ = try SuccessiveHalving(rungs: rungs, keep: keep) }?.code == .usage)
  }
}
