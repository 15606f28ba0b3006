import Images
import Synchronization

/// Keeps samples that have been decoded and resized, up to a number of bytes. What does not fit is decoded again each time.
final class SampleCache: Sendable {
  /// A sample in the state in which it is kept.
  struct Entry: Sendable {
    var sample: AnnotatedImage
    var original: (any Annotation)?

    var byteCount: Int { sample.image.pixels.count + sample.annotation.byteCount + (original?.byteCount ?? 0) }
  }

  private struct Content {
    var entries: [Int: Entry] = [:]
    var room: Int
  }

  private let content: Mutex<Content>

  /// - Parameter byteCount: the most that may be kept; 0 keeps nothing.
  init(byteCount: Int) { content = Mutex(Content(room: max(0, byteCount))) }

  func entry(_ index: Int) -> Entry? { content.withLock { $0.entries[index] } }

  func keep(_ entry: Entry, at index: Int) {
    content.withLock { content in
      if entry.byteCount > content.room || content.entries[index] != nil { return }
      content.room -= entry.byteCount
      content.entries[index] = entry
    }
  }
}
