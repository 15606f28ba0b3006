import Foundation
import Reports
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct PseudoTerminalTests {
  @Test func aRealTerminalIsRecognized() throws {
    let (setLock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
    let master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    var (locked, number): (Int32, Int32) = (0, -1)
    guard master >= 0, ioctl(master, setLock, &locked) == 0, ioctl(master, getNumber, &number) == 0 else {
      Issue.record("this system gives no pseudo terminal")
      return
    }
    defer { close(master) }
    let terminal = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    #expect(terminal >= 0)
    defer { close(terminal) }
    var size = winsize()
    (size.ws_col, size.ws_row) = (133, 40)
    #expect(ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0)
    #expect(Terminal.detect(descriptor: terminal, environment: [:]) == Terminal(isInteractive: true, width: 133, usesColour: true))
    #expect(!Terminal.detect(descriptor: terminal, environment: ["NO_COLOR": "1"]).usesColour)
    #expect(Terminal.detect(descriptor: terminal, environment: ["NO_COLOR": ""]).usesColour)
    #expect(Terminal.detect(descriptor: terminal, environment: ["TERM": "dumb"]) == .plain)
    size.ws_col = 0
    #expect(ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0)
    #expect(Terminal.detect(descriptor: terminal, environment: ["COLUMNS": "99"]).width == 99)
    #expect(Terminal.detect(descriptor: terminal, environment: [:]).width == 80)
  }
}
