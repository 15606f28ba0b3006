import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// What the place that text goes to can do.
package struct Terminal: Sendable, Equatable {
  /// Whether a line can be drawn anew in place: a terminal, and not a dumb one.
  package var isInteractive: Bool
  /// Columns, 80 where unknown.
  package var width: Int
  /// Whether colours are welcome.
  package var usesColour: Bool

  /// Describes a place.
  package init(isInteractive: Bool, width: Int = 80, usesColour: Bool = false) {
    (self.isInteractive, self.width, self.usesColour) = (isInteractive, width, usesColour)
  }

  /// A file or a pipe: whole lines, no colours.
  package static let plain = Terminal(isInteractive: false)

  /// Asks the system about an open file.
  /// - Parameters:
  ///   - descriptor: 1 for standard output, 2 for standard error.
  ///   - environment: `NO_COLOR` (set to anything but nothing) turns colours off, `TERM=dumb` everything, `COLUMNS` serves where the
  ///     system does not know the width.
  package static func detect(
    descriptor: Int32, environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> Terminal {
    // Open MPI gives every process a terminal of its own making; what counts is where mpirun itself writes.
    let isLaunched = environment["OMPI_COMM_WORLD_SIZE"] != nil
    let opened = isLaunched ? open("/proc/\(getppid())/fd/\(descriptor)", O_WRONLY | O_NOCTTY) : -1
    defer { if opened >= 0 { close(opened) } }
    let descriptor = isLaunched ? opened : descriptor
    guard isatty(descriptor) == 1, environment["TERM"] != "dumb" else { return .plain }
    var size = winsize()
    let known = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    let width = known ? Int(size.ws_col) : environment["COLUMNS"].flatMap { Int($0) } ?? 80
    return Terminal(isInteractive: true, width: max(width, 20), usesColour: (environment["NO_COLOR"] ?? "").isEmpty)
  }

  /// How a piece of text stands out.
  package enum Style: String, Sendable {
    /// Important.
    case bold = "1"
    /// Something to look at: yellow.
    case warning = "33"
    /// Something wrong: red.
    case failure = "31"
  }

  /// The text in a style where colours are welcome, else as it is.
  package func styled(_ text: String, _ style: Style) -> String { usesColour ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text }
}
