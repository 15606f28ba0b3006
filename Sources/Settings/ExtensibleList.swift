import Synchronization
import Tensors

/// Named things in an order, to which a program adds its own before it begins: what stands behind every registry.
///
/// Any thread may read and add. Reading costs a lock and a copy of a reference.
package final class ExtensibleList<Element: Sendable>: Sendable {
  /// One of them in a message: `data set`.
  package let kind: String
  private let period: RegistrationPeriod
  private let name: @Sendable (Element) -> String
  private let contents: Mutex<[Element]>

  /// A list with what belongs to Longtail itself.
  /// - Parameters:
  ///   - kind: one of them in a message.
  ///   - elements: those that are there from the beginning, in the order of the documentation.
  ///   - period: when others may be added.
  ///   - name: tells the name of one.
  package init(
    _ kind: String, _ elements: [Element], period: RegistrationPeriod = .program, name: @escaping @Sendable (Element) -> String
  ) {
    (self.kind, self.period, self.name) = (kind, period, name)
    contents = Mutex(elements)
  }

  /// All of them; those that were added stand last.
  package var elements: [Element] { contents.withLock { $0 } }

  /// Adds one.
  /// - Throws: `LongtailError(.usage)` for a name that is taken or that a configuration cannot hold, and after the program has begun.
  package func register(_ element: Element) throws {
    let name = name(element)
    guard !name.isEmpty, name.allSatisfy({ ($0.isASCII && ($0.isLetter || $0.isNumber)) || "-_.".contains($0) }) else {
      throw LongtailError(
        .usage, "'\(name)' cannot be the name of a \(kind)", advice: "Names consist of letters, digits, '-', '_' and '.'.")
    }
    try period.whileOpen("\(kind) '\(name)'") {
      try contents.withLock { elements in
        guard !elements.contains(where: { self.name($0) == name }) else {
          throw LongtailError(.usage, "\(kind) '\(name)' is there already", advice: "Register it under another name.")
        }
        elements.append(element)
      }
    }
  }
}

/// The time in which things can be registered: until a program begins its command. After that every rank, and every part of the program, has
/// to find the same lists.
package final class RegistrationPeriod: Sendable {
  /// That of this program.
  package static let program = RegistrationPeriod()

  private let isOpen = Mutex(true)

  /// Begins it.
  package init() {}

  /// Ends it: nothing can be registered any more.
  package func close() { isOpen.withLock { $0 = false } }

  /// Runs `body` while it cannot end.
  /// - Throws: `LongtailError(.usage)` naming `what` where it is over.
  func whileOpen(_ what: String, _ body: () throws -> Void) throws {
    try isOpen.withLock { isOpen in
      guard isOpen else {
        throw LongtailError(
          .usage, "\(what) is registered after the program has begun",
          advice: "Register it in the closure of LongtailProgram.main, before any command runs.")
      }
      try body()
    }
  }
}
