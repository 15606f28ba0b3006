import Foundation

/// Colours, dashes and axes that all charts share.
package enum ChartStyle {
  /// Colours that people with any kind of colour vision tell apart (Okabe and Ito, 2008, without the yellow that vanishes on white).
  private static let colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
  /// Dashes for the second round of colours, and for prints without any.
  private static let dashes = ["none", "6 3", "2 3", "9 3 2 3", "4 2", "1 2", "12 4"]

  /// The colour of a candidate.
  static func colour(_ place: Int) -> String { colours[place % colours.count] }
  /// The dashes of a candidate's line.
  static func dash(_ place: Int) -> String { dashes[(place + place / colours.count) % dashes.count] }

  /// Width of a chart in its own units: a phone shows them at nearly their size.
  package static let width = 440.0

  /// A coordinate with two digits, without a locale.
  static func number(_ value: Double) -> String { Formatting.decimals(value, 2) }

  /// Round numbers over a range: at least two, about `count`.
  static func ticks(from low: Double, to high: Double, count: Int = 5) -> [Double] {
    let span = high - low
    guard span.isFinite, span > 0 else { return [low, low + 1] }
    let rough = span / Double(max(1, count))
    let power = pow(10, floor(log10(rough)))
    let step = ([1, 2, 5, 10].first { $0 * power >= rough * 0.999 } ?? 10) * power
    let first = (low / step).rounded(.down)
    let last = (high / step - 1e-9).rounded(.up)
    return (Int(first)...max(Int(first) + 1, Int(last))).map { Double($0) * step }
  }

  /// A tick's label, short and without a trail of zeros.
  package static func label(_ value: Double) -> String {
    if value == 0 { return "0" }
    guard abs(value) >= 0.001, abs(value) < 100_000 else { return String(format: "%.1e", value) }
    var text = Formatting.decimals(value, 4)
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }

  /// Words in a chart.
  package static func text(_ words: String, x: Double, y: Double, anchor: String = "start", size: Double = 12) -> Markup {
    .element("text", ["x": number(x), "y": number(y), "text-anchor": anchor, "font-size": number(size)], [Markup(words)])
  }

  /// A thin line of a grid.
  static func rule(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, colour: String = "#d0d0d0", width: Double = 1) -> Markup {
    .element(
      "line",
      [
        "x1": number(x1), "y1": number(y1), "x2": number(x2), "y2": number(y2), "stroke": colour, "stroke-width": number(width),
      ])
  }

  /// The whole chart.
  package static func chart(height: Double, description: String, _ content: [Markup]) -> Markup {
    .element(
      "svg",
      ["viewBox": "0 0 \(number(width)) \(number(height))", "role": "img", "aria-label": description, "class": "chart"], content)
  }

  /// Names with their colours and dashes, for the charts below.
  static func legend(_ names: [String]) -> Markup {
    .element(
      "p", ["class": "legend"],
      names.enumerated().map { place, name in
        .element(
          "span", [:],
          [
            .element(
              "svg", ["viewBox": "0 0 34 12", "width": "34", "height": "12", "aria-hidden": "true"],
              [
                .element("rect", ["x": "0", "y": "1", "width": "10", "height": "10", "fill": colour(place)]),
                .element(
                  "line",
                  [
                    "x1": "12", "y1": "6", "x2": "34", "y2": "6", "stroke": colour(place), "stroke-width": "2.5",
                    "stroke-dasharray": dash(place),
                  ]),
              ]), Markup(" " + name),
          ])
      })
  }
}
