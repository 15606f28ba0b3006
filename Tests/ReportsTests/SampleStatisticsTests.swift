import Reports
import Tensors
import Testing

@Suite struct SampleStatisticsTests {
  @Test func meanAndSampleDeviationByHand() {
    // Squares of the distances to 5: 9, 1, 1, 1, 0, 0, 4, 16; their sum is 32.
    let statistics = SampleStatistics([2.0, 4, 4, 4, 5, 5, 7, 9])
    #expect(statistics.count == 8)
    #expect(statistics.mean == 5)
    #expect(statistics.standardDeviation == (32.0 / 7).squareRoot())
    // What is undefined is left out, not counted as 0.
    #expect(SampleStatistics([nil, 1, nil, 3]) == SampleStatistics([1.0, 3]))
    #expect(SampleStatistics([1.0, 3]).standardDeviation == 2.0.squareRoot())
  }

  @Test func fewValues() {
    #expect(SampleStatistics([Double?]()).mean == nil)
    #expect(SampleStatistics([Double?]()).percent == "–")
    #expect(SampleStatistics([0.5]).mean == 0.5)
    #expect(SampleStatistics([0.5]).standardDeviation == nil)
    #expect(SampleStatistics([0.5]).percent == "50.00")
    #expect(SampleStatistics([0.5, 0.5]).percent == "50.00 ± 0.00")
    #expect(SampleStatistics([0.1, 0.2]).text { Formatting.decimals($0, 3) } == "0.150 ± 0.071")
  }

  /// The mean of the squares less the square of the mean would lose all digits here.
  @Test func smallSpreadOfLargeValues() {
    let statistics = SampleStatistics([1e9 + 1, 1e9 + 2, 1e9 + 3])
    #expect(statistics.standardDeviation == 1)
  }

  @Test func median() {
    #expect([Double]().median == nil)
    #expect([7.0].median == 7)
    #expect([9.0, 1, 2].median == 2)
    #expect([4.0, 1, 100, 2].median == 3)
  }
}
