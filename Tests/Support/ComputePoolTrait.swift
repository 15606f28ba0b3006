import Testing
import Threading

/// Marks tests that compute on the process's one `ComputePool` or change its number of threads: of all of them, in all test targets,
/// one runs at a time. Each begins with one thread and may choose another number.
public struct ComputePoolTrait: SuiteTrait, TestTrait, TestScoping {
  /// Each test of a suite takes its own turn.
  public var isRecursive: Bool { true }

  /// Waits until no other test uses the pool, and runs a test. Suites themselves do not wait, only what is in them.
  public func provideScope(for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void) async throws {
    if testCase == nil { return try await function() }
    await Turnstile.shared.enter()
    ComputePool.configure(threadCount: 1)
    do {
      try await function()
    } catch {
      await Turnstile.shared.leave()
      throw error
    }
    await Turnstile.shared.leave()
  }
}

extension Trait where Self == ComputePoolTrait {
  /// For tests that use the `ComputePool`; they run one after the other.
  public static var computePool: Self { Self() }
}

/// Lets one in at a time, in the order of arrival.
private actor Turnstile {
  static let shared = Turnstile()

  private var isTaken = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func enter() async {
    if !isTaken {
      isTaken = true
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  func leave() {
    if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
  }
}
