import Foundation
import Tasks

/// What a key did to the score: a dot for each candidate over its value, a thick mark for the mean of each value, and the noise of a run.
struct EffectChart {
  private let effect: TuningReport.Effect
  private let score: ScoreKind
  private let title: String
  /// The standard deviation over runs of equal candidates; nil where it is not known.
  private let noise: Double?

  private static let (left, right, top, height) = (46.0, 12.0, 42.0, 190.0)

  /// - Parameters:
  ///   - score: the kind of score, which knows its unit.
  ///   - title: what goes up.
  ///   - noise: the standard deviation over runs of equal candidates; nil where it is not known.
  init(_ effect: TuningReport.Effect, score: ScoreKind, title: String, noise: Double?) {
    (self.effect, self.score, self.title, self.noise) = (effect, score, title, noise)
  }

  /// What the marks are, in a sentence.
  static func legend(_ noise: TuningReport.Noise) -> String {
    let dots = "Dots are candidates, thick lines the means of a value"
    if noise.ofRuns == nil { return dots + "." }
    return dots + ", the grey bars around them as long as one standard deviation over runs of equal candidates to either side"
      + (noise.ofPairs == nil ? "." : ", what all candidates share of a run taken out.")
  }

  private var isPlaced: Bool { if case .values = effect.key.scale { true } else { false } }

  /// Draws it; an empty frame where no candidate has a score.
  func markup() -> Markup {
    let levels = effect.levels.filter { !$0.values.isEmpty }
    let values = levels.flatMap(\.values).map(score.scaled)
    let means = levels.compactMap(\.scores.mean).map(score.scaled)
    let spread = noise.map(score.scaled) ?? 0
    let (low, high) = (
      min(values.min() ?? 0, (means.min() ?? 0) - spread), max(values.max() ?? 1, (means.max() ?? 1) + spread)
    )
    // No share is below 0.
    let least = score.unit == .share ? max(0, low) : low
    let vertical = ChartStyle.ticks(from: least, to: high > least ? high : least + 1)
    let (bottom, most) = (vertical.first ?? 0, vertical.last ?? 1)
    let base = EffectChart.top + EffectChart.height
    func y(_ value: Double) -> Double {
      EffectChart.top + (1 - (min(max(value, bottom), most) - bottom) / (most - bottom)) * EffectChart.height
    }

    var parts = [
      ChartStyle.text(effect.key.name, x: 4, y: 14, size: 13),
      ChartStyle.text(score.unit == .share ? "\(title), %" : title, x: 4, y: 31, size: 11),
    ]
    for tick in vertical {
      parts.append(ChartStyle.rule(EffectChart.left, y(tick), ChartStyle.width - EffectChart.right, y(tick)))
      parts.append(ChartStyle.text(ChartStyle.label(tick), x: EffectChart.left - 5, y: y(tick) + 4, anchor: "end", size: 11))
    }
    parts.append(ChartStyle.rule(EffectChart.left, base, ChartStyle.width - EffectChart.right, base, colour: "#404040"))
    let axis = Axis(effect, width: ChartStyle.width - EffectChart.left - EffectChart.right)
    for tick in axis.ticks {
      let x = EffectChart.left + tick.place
      parts.append(ChartStyle.rule(x, base, x, base + 4, colour: "#404040"))
      parts.append(ChartStyle.text(tick.title, x: x, y: base + 16, anchor: "middle", size: 11))
    }
    if values.isEmpty { parts.append(ChartStyle.text("no candidate has a score", x: ChartStyle.width / 2, y: base - 90, anchor: "middle")) }
    for (place, level) in effect.levels.enumerated() {
      guard let mean = level.scores.mean.map(score.scaled) else { continue }
      let reach = axis.reach(ofLevel: place, level)
      let (from, to) = (EffectChart.left + reach.lowerBound, EffectChart.left + reach.upperBound)
      if noise != nil {
        parts.append(
          .element(
            "rect",
            [
              "x": ChartStyle.number(from), "y": ChartStyle.number(y(mean + spread)), "width": ChartStyle.number(to - from),
              "height": ChartStyle.number(max(0.5, y(mean - spread) - y(mean + spread))), "fill": "#808080", "fill-opacity": "0.22",
            ]))
      }
      parts.append(ChartStyle.rule(from, y(mean), to, y(mean), colour: ChartStyle.colour(0), width: 3))
      for (value, score) in zip(level.places, level.values.map(score.scaled)) {
        parts.append(
          .element(
            "circle",
            [
              "cx": ChartStyle.number(EffectChart.left + axis.place(value)), "cy": ChartStyle.number(y(score)), "r": "3.2",
              "fill": ChartStyle.colour(1), "fill-opacity": "0.75",
            ],
            [.element("title", [:], [Markup("\(isPlaced ? level.title : ChartStyle.label(value)): \(Formatting.significant(score, 4))")])]))
      }
    }
    return ChartStyle.chart(height: base + 26, description: "\(title) by \(effect.key.name)", parts)
  }

  /// Where values lie from left to right.
  private struct Axis {
    /// What stands below.
    private(set) var ticks: [(place: Double, title: String)] = []
    private let width: Double
    private let count: Double?
    private let range: ClosedRange<Double>
    private let isLogarithmic: Bool

    init(_ effect: TuningReport.Effect, width: Double) {
      self.width = width
      let all = effect.levels.flatMap(\.places)
      if case .values(let values) = effect.key.scale {
        (count, range, isLogarithmic) = (Double(max(1, values.count)), 0...1, false)
        let most = max(4, Int(width / Double(max(1, values.count)) / 6.5))
        ticks = values.enumerated().map { place, value in (self.place(Double(place)), Formatting.shortened(value, to: most)) }
        return
      }
      count = nil
      isLogarithmic = effect.key.scale == .ratios
      let (low, high) = (all.min() ?? 1, all.max() ?? 2)
      range = low...max(high, low == high ? low + max(abs(low), 1e-9) : high)
      if isLogarithmic {
        let exponents = Int(log10(range.lowerBound).rounded(.down))...Int(log10(range.upperBound).rounded(.up))
        let marks = exponents.flatMap { exponent in [1.0, 2, 5].map { $0 * pow(10, Double(exponent)) } }.filter { range.contains($0) }
        ticks = (marks.count < 2 ? [range.lowerBound, range.upperBound] : marks).map { (place($0), Axis.label($0)) }
      } else {
        ticks = ChartStyle.ticks(from: low, to: range.upperBound).filter { range.contains($0) }.map { (place($0), ChartStyle.label($0)) }
      }
    }

    private static func label(_ value: Double) -> String { String(format: "%.2g", value) }

    /// The distance from the left end.
    func place(_ value: Double) -> Double {
      if let count { return (value + 0.5) / count * width }
      let (low, high) = (range.lowerBound, range.upperBound)
      return (isLogarithmic ? log(value / low) / log(high / low) : (value - low) / (high - low)) * (width - 16) + 8
    }

    /// What the mean of a level is drawn over.
    func reach(ofLevel index: Int, _ level: TuningReport.Level) -> ClosedRange<Double> {
      if count != nil {
        let middle = place(Double(index))
        let half = min(38, width / (count ?? 1) * 0.36)
        return middle - half...middle + half
      }
      let ends = level.places.map(place)
      let (low, high) = (ends.min() ?? 0, ends.max() ?? 0)
      return low - 5...high + 5
    }
  }
}
