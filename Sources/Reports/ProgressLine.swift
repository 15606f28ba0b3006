import Foundation

/// How far training is. On a terminal one line that is drawn anew in place; elsewhere a plain line every few steps.
///
/// Not for use by several threads at once.
package final class ProgressLine {
  private let terminal: Terminal
  private let every: Int
  private let clock: () -> Double
  private let write: (String) -> Void
  private var secondsPerStep: Double?
  private var lastRecord: StepRecord?
  private var lastDrawn = -Double.infinity
  private var isShown = false

  /// Least time between two drawings, in seconds: at most ten a second.
  package static let drawingInterval = 0.1

  /// Prepares a line.
  /// - Parameters:
  ///   - terminal: where it goes to.
  ///   - every: steps from one plain line to the next, where drawing in place is not possible.
  ///   - clock: seconds from any beginning, never falling.
  ///   - write: puts text out, without adding a line end.
  package init(
    terminal: Terminal, every: Int, clock: @escaping () -> Double = { ProcessInfo.processInfo.systemUptime },
    write: @escaping (String) -> Void
  ) {
    (self.terminal, self.every, self.clock, self.write) = (terminal, max(every, 1), clock, write)
  }

  /// Takes in a finished step, and shows it when it is time.
  package func update(_ record: StepRecord) {
    if record.seconds.isFinite, record.seconds > 0 {
      // The first step plans and measures; it must not colour the estimate for long.
      let weight = record.step <= 2 ? 1 : 0.1
      secondsPerStep = secondsPerStep.map { $0 + weight * (record.seconds - $0) } ?? record.seconds
    }
    lastRecord = record
    if terminal.isInteractive {
      guard clock() - lastDrawn >= ProgressLine.drawingInterval || record.step == record.totalSteps else { return }
      draw(record)
    } else if record.step == 1 || record.step % every == 0 || record.step == record.totalSteps {
      write(text(for: record) + "\n")
    }
  }

  /// Writes lines of other text: the live line makes place, and comes back below.
  package func print(_ text: String) {
    let wasShown = isShown
    clear()
    write(text.hasSuffix("\n") ? text : text + "\n")
    if wasShown, let lastRecord { draw(lastRecord) }
  }

  /// Takes the live line away, so that others can write. It comes back with the next step.
  package func clear() {
    guard isShown else { return }
    write("\r\u{1b}[K")
    isShown = false
    lastDrawn = -Double.infinity
  }

  /// Leaves the live line standing as it is, and goes to the next one.
  package func finish() {
    guard isShown else { return }
    if let lastRecord { draw(lastRecord) }
    write("\n")
    isShown = false
  }

  /// The line's text: `epoch 3/30  step 412/1,350  loss 0.4213  lr 9.80e-04  52.1 images/s  12 min 05 s left`.
  package func text(for record: StepRecord) -> String {
    var parts = ["epoch \(record.epoch)/\(record.totalEpochs)"]
    parts.append("step \(Formatting.count(record.step))/\(Formatting.count(record.totalSteps))")
    parts.append("loss \(Formatting.significant(record.loss, 4))")
    if let rate = record.learningRate { parts.append("lr \(Formatting.significant(rate, 3))") }
    if let secondsPerStep {
      parts.append("\(Formatting.significant(Double(record.images) / secondsPerStep, 3)) images/s")
      parts.append("\(Formatting.duration(Double(max(record.totalSteps - record.step, 0)) * secondsPerStep)) left")
    }
    if record.isSkipped { parts.append(record.loss.isFinite ? "skipped" : "skipped: not finite") }
    return parts.joined(separator: "  ")
  }

  private func draw(_ record: StepRecord) {
    // A line as wide as the terminal would wrap, and could not be taken back.
    write("\r" + String(text(for: record).prefix(terminal.width - 1)) + "\u{1b}[K")
    isShown = true
    lastDrawn = clock()
  }
}
