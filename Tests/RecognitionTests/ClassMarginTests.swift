import Foundation
import Recognition
import Testing

struct ClassMarginTests {
  @Test func marginsFollowTheFourthRoot() {
    let margins = ClassMargins(counts: [1600, 100, 0, 1])
    let total = log(1701.0)
    #expect(margins.shifts[0].map { abs($0 - (log(1600) - total)) < 1e-12 } == true && margins.shifts[2] == nil)
    #expect(margins.shifts[3].map { abs($0 + total) < 1e-12 } == true)
    // 1600^(1/4) = 6.3246, 100^(1/4) = 3.1623.
    #expect(margins.margins[0].map { abs($0 - 1 / 6.324555320336759) < 1e-12 } == true)
    #expect(margins.margins[1].map { abs($0 - 1 / 3.1622776601683795) < 1e-12 } == true)
    #expect(margins.margins[2] == nil && margins.margins[3] == 1)
    // (0.158114 + 0.316228 + 1)^2 / (3 (0.025 + 0.1 + 1)).
    #expect(abs(margins.boundShare - 2.1736834 / 3.375) < 1e-6)
  }

  /// Among margins of one sum none has a lower bound.
  @Test func noOtherMarginsHaveALowerBound() {
    let counts: [Int] = [6000, 774, 278, 60]
    let margins = ClassMargins(counts: counts)
    func bound(_ margins: [Double]) -> Double { zip(margins, counts).reduce(0) { $0 + 1 / ($1.0 * Double($1.1).squareRoot()) } }
    let best = margins.margins.map { $0 ?? 0 }
    let sum = best.reduce(0, +)
    let equal = best.map { _ in sum / Double(best.count) }
    #expect(abs(bound(best) / bound(equal) - margins.boundShare) < 1e-12)
    for (from, to) in [(0, 1), (1, 0), (2, 3), (3, 2), (0, 3), (3, 0)] {
      var other = best
      other[from] -= 0.02
      other[to] += 0.02
      #expect(bound(other) > bound(best))
    }
  }

  @Test func balancedAndEmptySetsGainNothing() {
    #expect(ClassMargins(counts: [50, 50, 50]).margins == [1, 1, 1])
    #expect(abs(ClassMargins(counts: [50, 50, 50]).boundShare - 1) < 1e-12)
    #expect(ClassMargins(counts: [0, 0]).boundShare == 1 && ClassMargins(counts: [0, 0]).shifts == [nil, nil])
  }
}
