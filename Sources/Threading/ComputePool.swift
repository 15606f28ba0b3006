import CThreads

/// The compute threads of this process: the OpenMP pool that oneDNN uses, joined by the project's own loops.
///
/// All calls come from one thread, the compute thread: an OpenMP pool belongs to the thread that enters it,
/// and a second one would fight the first for the cores. Data loading never calls this.
public enum ComputePool {
  nonisolated(unsafe) private static var configuredThreadCount = 1

  /// How many threads a parallel loop uses. 1 until `configure(threadCount:)`.
  public static var threadCount: Int { configuredThreadCount }

  /// Processors in the affinity mask of the calling thread: what the launcher granted this process.
  public static var availableProcessorCount: Int { Int(longtail_affinity_count()) }

  /// Fixes the number of threads and flushes denormals to zero on each of them.
  ///
  /// Call once, from the compute thread, before the first oneDNN primitive is created: primitives are planned for a number of threads.
  /// - Parameter threadCount: at least 1; smaller values count as 1.
  public static func configure(threadCount: Int) {
    configuredThreadCount = max(1, threadCount)
    longtail_set_threads(Int32(configuredThreadCount))
    longtail_parallel({ _, _, _ in longtail_flush_denormals() }, nil, Int32(configuredThreadCount))
  }

  /// Runs `body(0)` ... `body(parts - 1)`, each once, spread over the threads, and waits for all of them.
  ///
  /// Part `p` runs on thread `p mod threadCount`, so a result that is collected part by part and then added up in order
  /// is the same at any number of threads as long as `parts` is.
  public static func forEach(parts: Int, _ body: (Int) -> Void) {
    if parts <= 0 { return }
    if parts == 1 || configuredThreadCount == 1 {
      for part in 0..<parts { body(part) }
      return
    }
    // The closure stays on this stack frame, so that a parallel loop allocates nothing.
    withoutActuallyEscaping(body) { escaping in
      var closure: (Int) -> Void = escaping
      withUnsafeMutablePointer(to: &closure) { pointer in
        longtail_parallel(
          { context, part, _ in context?.assumingMemoryBound(to: ((Int) -> Void).self).pointee(Int(part)) },
          pointer, Int32(parts))
      }
    }
  }

  /// Splits `0..<count` into one contiguous range a thread, as even as possible, and runs `body` on each.
  /// - Parameters:
  ///   - count: number of elements.
  ///   - minimum: ranges are no shorter than this (the last one aside), so that small loops stay on one thread.
  ///   - alignment: ranges begin at multiples of this.
  public static func forEachRange(of count: Int, minimum: Int = 1, alignment: Int = 1, _ body: (Range<Int>) -> Void) {
    if count <= 0 { return }
    let parts = max(1, min(configuredThreadCount, count / max(1, minimum)))
    let units = (count + alignment - 1) / alignment
    forEach(parts: parts) { part in
      let lower = min(count, units * part / parts * alignment)
      let upper = min(count, units * (part + 1) / parts * alignment)
      if lower < upper { body(lower..<upper) }
    }
  }
}
