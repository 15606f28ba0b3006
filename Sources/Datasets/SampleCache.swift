import Foundation
import Images

/// Keeps samples that have been decoded and resized, up to a number of bytes. What does not fit is decoded anew each time.
final class SampleCache: @unchecked Sendable {
  /// A sample in the state in which it is kept.
  struct Entry: Sendable {
    var sample: AnnotatedImage
    var original: (any Annotation)?

    var byteCount: Int { sample.image.pixels.count + sample.annotation.byteCount + (original?.byteCount ?? 0) }
  }

  private let lock = NSLock()
  private var entries: [Int: Entry] = [:]
  private var room: Int

  /// - Parameter byteCount: the most that may be kept; 0 keeps nothing.
  init(byteCount: Int) { room = max(0, byteCount) }

  func entry(_ index: Int) -> Entry? {
    lock.lock()
    defer { lock.unlock() }
    return entries[index]
  }

  func keep(_ entry: Entry, at index: Int) {
    lock.lock()
    defer { lock.unlock() }
    if entry.byteCount > room || entries[index] != nil { return }
    room -= entry.byteCount
    entries[index] = entry
  }
}
