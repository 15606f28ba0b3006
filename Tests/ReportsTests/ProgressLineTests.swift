import Reports
import Testing

/// A clock and a page for a progress line.
private final class Stage {
  var now = 0.0
  var written = ""

  func line(_ terminal: Terminal, every: Int = 10) -> ProgressLine {
    ProgressLine(terminal: terminal, every: every, clock: { self.now }, write: { self.written += $0 })
  }
}

@Suite struct ProgressLineTests {
  @Test func goldenText() {
    let stage = Stage()
    let line = stage.line(.plain)
    line.update(step(1))
    #expect(stage.written == "epoch 1/2  step 1/40  loss 1.000  lr 0.00100  16.0 images/s  20 s left\n")
    var record = step(12)
    (record.loss, record.learningRate, record.isSkipped) = (.nan, 9.8e-5, true)
    #expect(line.text(for: record) == "epoch 1/2  step 12/40  loss nan  lr 9.80e-05  16.0 images/s  14 s left  skipped: not finite")
  }

  @Test func plainLinesComeEveryFewSteps() {
    let stage = Stage()
    let line = stage.line(.plain, every: 15)
    for number in 1...40 { line.update(step(number)) }
    line.print("saved")
    line.finish()
    let lines = stage.written.split(separator: "\n").map(String.init)
    #expect(lines.count == 5)
    #expect(lines.prefix(4).map { $0.split(separator: " ")[3] } == ["1/40", "15/40", "30/40", "40/40"])
    #expect(lines.last == "saved")
    #expect(!stage.written.contains("\u{1b}") && !stage.written.contains("\r"))
  }

  @Test func aTerminalIsRedrawnAtMostTenTimesASecond() {
    let stage = Stage()
    let line = stage.line(Terminal(isInteractive: true, width: 200))
    for number in 1...30 {
      line.update(step(number))
      stage.now += 0.01
    }
    // 0.3 seconds: at 0.0, 0.1 and 0.2.
    #expect(stage.written.filter { $0 == "\r" }.count == 3)
    #expect(!stage.written.contains("\n"))
    stage.written = ""
    line.update(step(40))
    line.finish()
    #expect(stage.written.hasPrefix("\repoch 2/2  step 40/40"))
    #expect(stage.written.hasSuffix("0.00 s left\u{1b}[K\n"))
  }

  @Test func otherTextTakesTheLinesPlace() {
    let stage = Stage()
    let line = stage.line(Terminal(isInteractive: true, width: 200))
    line.print("begin")
    #expect(stage.written == "begin\n")
    line.update(step(1))
    stage.written = ""
    line.print("saved")
    #expect(stage.written.hasPrefix("\r\u{1b}[Ksaved\n\repoch 1/2"))
    stage.written = ""
    line.clear()
    line.clear()
    #expect(stage.written == "\r\u{1b}[K")
    line.update(step(2))
    #expect(stage.written.contains("step 2/40"))
  }

  @Test func theLineNeverWraps() {
    let stage = Stage()
    stage.line(Terminal(isInteractive: true, width: 20)).update(step(1))
    #expect(stage.written == "\repoch 1/2  step 1/4\u{1b}[K")
  }

  @Test func theFirstStepDoesNotColourTheEstimate() {
    let stage = Stage()
    let line = stage.line(.plain)
    var slow = step(1)
    slow.seconds = 60
    line.update(slow)
    line.update(step(2))
    #expect(line.text(for: step(2)).hasSuffix("16.0 images/s  19 s left"))
  }

  @Test func whatIsNoTerminalIsPlain() {
    // A closed descriptor is no terminal.
    #expect(Terminal.detect(descriptor: 987, environment: ["TERM": "xterm"]) == .plain)
    #expect(Terminal.plain.styled("a", .failure) == "a")
    #expect(Terminal(isInteractive: true, usesColour: true).styled("a", .bold) == "\u{1b}[1ma\u{1b}[0m")
  }
}
