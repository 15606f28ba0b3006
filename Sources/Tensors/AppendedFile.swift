import Foundation

/// A file that grows record by record, and that a resumed run goes on with: lines of a log, events.
///
/// Every record is handed to the system by one call as soon as it is added. Records that a full disk does not take are kept and written
/// with the next ones, so that the file has no gap. Not for use by several threads at once.
public final class AppendedFile {
  /// The file.
  public let path: String
  /// Bytes that are in the file.
  public private(set) var byteCount: UInt64 = 0
  private let handle: FileHandle
  private var waiting = Data()

  /// Opens a file for writing behind what stays of it, and makes it if there is none.
  /// - Parameter kept: reads the file and says how many bytes from its beginning stay.
  /// - Throws: `LongtailError(.inputOutput)` when the file cannot be opened or shortened, and what `kept` throws as `LongtailError`.
  public init(path: String, keeping kept: (FileHandle) throws -> UInt64) throws {
    self.path = path
    if !FileManager.default.fileExists(atPath: path) {
      guard FileManager.default.createFile(atPath: path, contents: nil) else {
        throw LongtailError(.inputOutput, "\(path): cannot be created", advice: "Check that its directory exists and can be written.")
      }
    }
    do {
      handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
      byteCount = try kept(handle)
      try handle.truncate(atOffset: byteCount)
      try handle.seek(toOffset: byteCount)
    } catch let error as LongtailError {
      throw error
    } catch {
      throw AppendedFile.failure(path, error)
    }
  }

  /// Adds a record.
  /// - Throws: `LongtailError(.inputOutput)`, for instance when the disk is full. The record is kept and written by the next call that can.
  public func append(_ record: some Sequence<UInt8>) throws {
    waiting.append(contentsOf: record)
    try writeWaiting()
  }

  /// Waits until all records are on the disk: before a checkpoint that counts on them.
  /// - Throws: `LongtailError(.inputOutput)`.
  public func synchronize() throws {
    try writeWaiting()
    do { try handle.synchronize() } catch { throw AppendedFile.failure(path, error) }
  }

  /// Closes the file, once all records are in it.
  /// - Throws: `LongtailError(.inputOutput)`.
  public func close() throws {
    try writeWaiting()
    do { try handle.close() } catch { throw AppendedFile.failure(path, error) }
  }

  private func writeWaiting() throws {
    if waiting.isEmpty { return }
    do {
      try handle.write(contentsOf: waiting)
      byteCount += UInt64(waiting.count)
      waiting.removeAll(keepingCapacity: true)
    } catch {
      // A part may have been written; the next attempt begins where the last whole record ends.
      try? handle.truncate(atOffset: byteCount)
      try? handle.seek(toOffset: byteCount)
      throw AppendedFile.failure(path, error)
    }
  }

  private static func failure(_ path: String, _ error: any Error) -> LongtailError {
    LongtailError(.inputOutput, "\(path): cannot be written: \(error.localizedDescription)", advice: "Check permissions and free space.")
  }
}
