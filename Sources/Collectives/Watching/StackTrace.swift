import CWatchdog
import Foundation

/// The call stacks of this process's threads, for reports about one that makes no progress.
enum StackTrace {
  /// One thread.
  struct ThreadStack: Encodable {
    /// The system's number of the thread.
    var thread: Int32
    /// Its name.
    var name: String
    /// Its frames, innermost first: `function + offset (file)`. Empty if it did not answer.
    var frames: [String]
  }

  /// Makes ready; call before anything hangs.
  static func prepare() { _ = longtail_stack_prepare() }

  /// Asks every thread but the calling one, in turn. Takes a moment for each thread that does not answer.
  static func all() -> [ThreadStack] {
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
    let symbols = SymbolTable(ofFile: "/proc/self/exe")
    let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let own = longtail_thread_number()
    return tasks.compactMap { Int32($0) }.sorted().filter { $0 != own }.map { thread in
      let name = (try? String(contentsOfFile: "/proc/self/task/\(thread)/comm", encoding: .utf8)) ?? ""
      let frames = addresses(of: thread).enumerated().map { level, address in
        // A return address may already belong to the next function.
        text(of: level == 0 ? address : address - 1, symbols, program: program)
      }
      return ThreadStack(thread: thread, name: name.trimmingCharacters(in: .whitespacesAndNewlines), frames: frames)
    }
  }

  private static func addresses(of thread: Int32) -> [UInt] {
    var frames = [UnsafeMutableRawPointer?](repeating: nil, count: Int(longtail_stack_depth))
    let count = longtail_stack_of(thread, &frames, 300)
    return frames.prefix(Int(count)).compactMap { $0.map { UInt(bitPattern: $0) } }
  }

  private static func text(of address: UInt, _ symbols: SymbolTable?, program: String) -> String {
    var file = [CChar](repeating: 0, count: 4096)
    var (offset, symbolOffset): (UInt64, UInt64) = (0, 0)
    let exported = longtail_stack_place(UnsafeRawPointer(bitPattern: address), &file, Int32(file.count), &offset, &symbolOffset)
    let path = String(decoding: file.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let place = "(\(path.isEmpty ? "?" : URL(fileURLWithPath: path).lastPathComponent) + 0x\(String(offset, radix: 16)))"
    let isProgram = URL(fileURLWithPath: path).lastPathComponent == URL(fileURLWithPath: program).lastPathComponent
    if isProgram, let found = symbols?.symbol(at: offset) { return "\(readable(found.name)) + \(found.offset) \(place)" }
    if let exported { return "\(readable(String(cString: exported))) + \(symbolOffset) \(place)" }
    return "0x\(String(address, radix: 16)) \(place)"
  }

  private static func readable(_ symbol: String) -> String {
    guard symbol.hasPrefix("$s"), let text = longtail_stack_readable(symbol) else { return symbol }
    defer { free(text) }
    return String(cString: text)
  }
}
