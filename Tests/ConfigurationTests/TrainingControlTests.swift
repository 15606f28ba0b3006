import Configuration
import TestSupport
import Testing

/// The keys for what is done when something about a step is wrong, or time is short.
@Suite struct TrainingControlTests {
  @Test func spansOfTime() {
    let spans: [(String, Double)] = [
      ("45s", 45), ("90m", 5400), ("11h50m", 42600), ("1d 12h", 129_600), ("1.5h", 5400), ("2d3h4m5s", 183_845),
    ]
    for (text, seconds) in spans { #expect(TimeSpan(text)?.seconds == seconds, "\(text)") }
    for text in ["", "12", "h", "10x", "5m1h", "1h1h", "-1h", "1h-", "0s", "h5", "1e3s", "1..5h"] {
      #expect(TimeSpan(text) == nil, "\(text)")
    }
  }

  @Test func keysAndDefaults() throws {
    let defaults = try Configuration(yaml: "").training
    #expect(defaults.nonFinite == .skip && defaults.nonFiniteConsecutiveLimit == 3 && defaults.nonFiniteTotalLimit == 50)
    #expect(defaults.spikes == .warn && defaults.spikeThreshold == 6 && defaults.compareRanksEvery == 100 && defaults.timeLimit == nil)
    let given = try Configuration(
      yaml: """
        training:
          timeLimit: 11h50m
          nonFinite: raise
          nonFiniteConsecutiveLimit: 7
          spikes: skip
          spikeThreshold: 4
          compareRanksEvery: 0
        """)
    #expect(given.training.timeLimit?.seconds == 42600 && given.training.nonFinite == .raise && given.training.spikes == .skip)
    #expect(try Configuration(yaml: given.yaml()).training == given.training)
    // None of them changes what a run computes: they may change when it goes on.
    #expect(try given.checkResumable(from: Configuration(yaml: "")).count == 6)
  }

  @Test func mistakes() throws {
    func message(_ yaml: String) -> String? { longtailError { try Configuration(yaml: yaml) }?.message }
    #expect(message("training: {timeLimit: 12}")?.contains("expected a time such as 11h50m, 90m or 45s") == true)
    #expect(message("training: {timeLimit: 12}")?.contains("say in what unit: 12m or 12s") == true)
    #expect(message("training: {timeLimit: 5 hours}")?.contains("the largest first") == true)
    #expect(message("training: {nonFinite: skipp}")?.contains("did you mean `skip`?") == true)
    #expect(message("training: {nonFiniteTotalLimit: 0}")?.contains("use `training.nonFinite: stop`") == true)
  }
}
