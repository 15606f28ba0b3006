import Foundation
import Tensors

/// A file of events that TensorBoard reads while it grows: `events.out.tfevents.…` in a directory of its own.
///
/// A resumed run goes on in the same file, cut off behind the step that it goes on from: nothing is lost, and nothing is told twice.
/// Records that a full disk does not take are kept and written with the next ones. Not for use by several threads at once.
public final class EventFile {
  /// The file.
  public let path: String
  /// What was cut off because it could not be read, in words; nil where nothing was. A torn last record, as a killed process leaves it,
  /// is no damage.
  public private(set) var damage: String?
  private let handle: FileHandle
  private var waiting = Data()
  private var end: UInt64 = 0

  /// Opens the file of a directory, or makes both.
  /// - Parameters:
  ///   - directory: where TensorBoard looks.
  ///   - firstStep: events of this step and of later ones are removed. Nil keeps them all.
  ///   - host: part of a new file's name.
  /// - Throws: `LongtailError(.inputOutput)`.
  public init(directory: String, cuttingFrom firstStep: Int? = nil, host: String = ProcessInfo.processInfo.hostName) throws {
    let files = FileManager.default
    let now = Date().timeIntervalSince1970
    do {
      try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
      let known = try files.contentsOfDirectory(atPath: directory).filter { $0.contains("tfevents") }.max()
      path = "\(directory)/\(known ?? "events.out.tfevents.\(Int(now)).\(host)")"
      if known == nil, !files.createFile(atPath: path, contents: nil) { throw CocoaError(.fileWriteUnknown) }
      handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
      (end, damage) = try EventFile.keptBytes(of: handle, firstStep: firstStep)
      try handle.truncate(atOffset: end)
      try handle.seek(toOffset: end)
    } catch {
      throw EventFile.failure(directory, error)
    }
    if end == 0 {
      waiting.append(contentsOf: EventRecord.encoded(Event.version(wallTime: now).bytes))
      try writeWaiting()
    }
  }

  /// Adds an event.
  /// - Throws: `LongtailError(.inputOutput)`, for instance when the disk is full. The event is kept and written by the next call that can.
  public func append(_ event: Event) throws {
    waiting.append(contentsOf: EventRecord.encoded(event.message.bytes))
    try writeWaiting()
  }

  /// Waits until all events are on the disk: before a checkpoint that counts on them.
  /// - Throws: `LongtailError(.inputOutput)`.
  public func synchronize() throws {
    try writeWaiting()
    do { try handle.synchronize() } catch { throw EventFile.failure(path, error) }
  }

  /// Closes the file, once all events are in it.
  /// - Throws: `LongtailError(.inputOutput)`.
  public func close() throws {
    try writeWaiting()
    do { try handle.close() } catch { throw EventFile.failure(path, error) }
  }

  private func writeWaiting() throws {
    if waiting.isEmpty { return }
    do {
      try handle.write(contentsOf: waiting)
      end += UInt64(waiting.count)
      waiting.removeAll(keepingCapacity: true)
    } catch {
      // A part may have been written; the next attempt begins where the last whole record ends.
      try? handle.truncate(atOffset: end)
      try? handle.seek(toOffset: end)
      throw EventFile.failure(path, error)
    }
  }

  private static func failure(_ path: String, _ error: any Error) -> LongtailError {
    LongtailError(.inputOutput, "\(path): cannot be written: \(error.localizedDescription)", advice: "Check permissions and free space.")
  }

  /// How many bytes from the beginning stay: whole records of steps before `firstStep`. Reads record by record.
  private static func keptBytes(of handle: FileHandle, firstStep: Int?) throws -> (UInt64, damage: String?) {
    var kept: UInt64 = 0
    let size = try handle.seekToEnd()
    try handle.seek(toOffset: 0)
    while kept < size {
      guard let header = try handle.read(upToCount: EventRecord.headerByteCount), header.count == EventRecord.headerByteCount else { break }
      let damage = "damaged from byte \(kept) on, and cut off there"
      guard let count = EventRecord.contentByteCount(header: header), count <= Int(Int32.max) else { return (kept, damage) }
      guard let content = try handle.read(upToCount: max(1, count)), content.count == count,
        let footer = try handle.read(upToCount: EventRecord.footerByteCount), footer.count == EventRecord.footerByteCount
      else { break }
      guard EventRecord.isIntact(content: content, footer: footer), let step = Event.step(of: content) else { return (kept, damage) }
      if let firstStep, step >= firstStep { break }
      kept += UInt64(EventRecord.headerByteCount + count + EventRecord.footerByteCount)
    }
    return (kept, nil)
  }
}
