import Foundation

/// Threads that read and decode. They are apart from the compute pool and leave OpenMP alone.
package enum LoadingThreads {
  /// Runs `body(0)` ... `body(parts - 1)`, each on a thread of its own, and returns the results in that order.
  package static func map<Result: Sendable>(parts: Int, _ body: @escaping @Sendable (Int) -> Result) -> [Result] {
    if parts <= 1 { return (0..<max(0, parts)).map(body) }
    let collector = Collector<Result>(parts: parts)
    for part in 0..<parts {
      start(name: "longtail-scan-\(part)") { collector.put(body(part), at: part) }
    }
    return collector.wait()
  }

  /// Starts a thread.
  static func start(name: String, _ body: @escaping @Sendable () -> Void) {
    let thread = Thread(block: body)
    thread.name = name
    // Decoders and large value types fit easily; the platform's default differs between systems.
    thread.stackSize = 1 << 21
    thread.start()
  }

  private final class Collector<Result: Sendable>: @unchecked Sendable {
    private let condition = NSCondition()
    private var results: [Int: Result] = [:]
    private let parts: Int

    init(parts: Int) { self.parts = parts }

    func put(_ result: Result, at part: Int) {
      condition.lock()
      results[part] = result
      condition.broadcast()
      condition.unlock()
    }

    func wait() -> [Result] {
      condition.lock()
      defer { condition.unlock() }
      while results.count < parts { condition.wait() }
      return (0..<parts).compactMap { results[$0] }
    }
  }
}
