import Foundation
import Tensors

/// A file of events that TensorBoard reads while it grows: `events.out.tfevents.…` in a directory of its own.
///
/// A resumed run goes on in the same file, cut off behind the step that it goes on from: nothing is lost, and nothing is written twice.
/// Records that a full disk does not take are kept and written with the next ones. Not for use by several threads at once.
package final class EventFile {
  /// The file.
  package var path: String { file.path }
  /// What was cut off because it could not be read, in words; nil where nothing was. A torn last record, as a killed process leaves it,
  /// is no damage.
  package let damage: String?
  private let file: AppendedFile

  /// Opens the file of a directory, or makes both.
  /// - Parameters:
  ///   - directory: where TensorBoard looks.
  ///   - firstStep: events of this step and of later ones are removed. Nil keeps them all.
  ///   - host: part of a new file's name.
  /// - Throws: `LongtailError(.inputOutput)`.
  package init(directory: String, cuttingFrom firstStep: Int? = nil, host: String = ProcessInfo.processInfo.hostName) throws {
    let files = FileManager.default
    let now = Date().timeIntervalSince1970
    let known: String?
    do {
      try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
      known = try files.contentsOfDirectory(atPath: directory).filter { $0.contains("tfevents") }.max()
    } catch {
      throw LongtailError(
        .inputOutput, "\(directory): cannot be written: \(error.localizedDescription)", advice: "Check permissions and free space.")
    }
    var damage: String?
    file = try AppendedFile(path: "\(directory)/\(known ?? "events.out.tfevents.\(Int(now)).\(host)")") {
      let (kept, found) = try EventFile.keptBytes(of: $0, firstStep: firstStep)
      damage = found
      return kept
    }
    self.damage = damage
    if file.byteCount == 0 { try file.append(EventRecord.encoded(Event.version(wallTime: now).bytes)) }
  }

  /// Adds an event.
  /// - Throws: `LongtailError(.inputOutput)`, for instance when the disk is full. The event is kept and written by the next call that can.
  package func append(_ event: Event) throws {
    try file.append(EventRecord.encoded(event.message.bytes))
  }

  /// Waits until all events are on the disk: before a checkpoint that counts on them.
  /// - Throws: `LongtailError(.inputOutput)`.
  package func synchronize() throws { try file.synchronize() }

  /// Closes the file, once all events are in it.
  /// - Throws: `LongtailError(.inputOutput)`.
  package func close() throws { try file.close() }

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
