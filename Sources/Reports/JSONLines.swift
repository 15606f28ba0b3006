import Foundation
import Tensors

/// A file of JSON objects, one a line, each with its step first: `log.jsonl`, `classes.jsonl`.
///
/// Every line is handed to the system by one call as soon as it is written. Lines that a full disk does not take are kept and written with
/// the next one, so that the file has no gap. Not for use by several threads at once.
public final class JSONLines {
  /// The file.
  public let path: String
  private let handle: FileHandle
  private var waiting = Data()
  private var end: UInt64 = 0

  /// Opens a file for writing at its end, and makes it if there is none.
  ///
  /// A torn last line, as a killed process leaves it, is removed.
  /// - Parameters:
  ///   - path: the file.
  ///   - firstStep: lines of this step and of later ones are removed, so that a resumed run writes the file that an uninterrupted one
  ///     would have written. Nil keeps them all.
  /// - Throws: `LongtailError(.inputOutput)` when the file cannot be opened or shortened, `.badData` when a line is not from here.
  public init(path: String, cuttingFrom firstStep: Int? = nil) throws {
    self.path = path
    if !FileManager.default.fileExists(atPath: path) {
      guard FileManager.default.createFile(atPath: path, contents: nil) else {
        throw LongtailError(.inputOutput, "\(path): cannot be created", advice: "Check that its directory exists and can be written.")
      }
    }
    do {
      handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
      end = try JSONLines.keptBytes(of: handle, path: path, firstStep: firstStep)
      try handle.truncate(atOffset: end)
      try handle.seek(toOffset: end)
    } catch let error as LongtailError {
      throw error
    } catch {
      throw JSONLines.failure(path, error)
    }
  }

  /// Adds a line.
  /// - Parameters:
  ///   - step: becomes the first member, `step`.
  ///   - members: the others, in this order.
  /// - Throws: `LongtailError(.inputOutput)`, for instance when the disk is full. The line is kept and written by the next call that can.
  public func append(step: Int, _ members: [JSONValue.Member]) throws {
    let line = JSONValue.object([JSONValue.Member("step", .int(step))] + members).line + "\n"
    waiting.append(contentsOf: line.utf8)
    try writeWaiting()
  }

  private func writeWaiting() throws {
    if waiting.isEmpty { return }
    do {
      try handle.write(contentsOf: waiting)
      end += UInt64(waiting.count)
      waiting.removeAll(keepingCapacity: true)
    } catch {
      // A part may have been written; the next attempt begins where the last whole line ends.
      try? handle.truncate(atOffset: end)
      try? handle.seek(toOffset: end)
      throw JSONLines.failure(path, error)
    }
  }

  /// Waits until all lines are on the disk: before a checkpoint that counts on them.
  /// - Throws: `LongtailError(.inputOutput)`.
  public func synchronize() throws {
    try writeWaiting()
    do {
      try handle.synchronize()
    } catch {
      throw JSONLines.failure(path, error)
    }
  }

  /// Closes the file, once all lines are in it.
  /// - Throws: `LongtailError(.inputOutput)`.
  public func close() throws {
    try writeWaiting()
    do {
      try handle.close()
    } catch {
      throw JSONLines.failure(path, error)
    }
  }

  private static func failure(_ path: String, _ error: any Error) -> LongtailError {
    LongtailError(.inputOutput, "\(path): cannot be written: \(error.localizedDescription)", advice: "Check permissions and free space.")
  }

  /// How many bytes from the beginning stay: complete lines of steps before `firstStep`. Reads the file in pieces of 1 MiB.
  private static func keptBytes(of handle: FileHandle, path: String, firstStep: Int?) throws -> UInt64 {
    var kept: UInt64 = 0
    var lineNumber = 0
    var rest: [UInt8] = []
    while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty {
      rest.append(contentsOf: piece)
      var start = 0
      while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
        lineNumber += 1
        guard let step = step(of: rest[start..<end]) else {
          throw LongtailError(
            .badData, "\(path):\(lineNumber): this line does not begin with {\"step\":",
            advice: "Something else wrote into the file. Move it away; the run then begins a new one.")
        }
        if let firstStep, step >= firstStep { return kept }
        kept += UInt64(end + 1 - start)
        start = end + 1
      }
      rest.removeFirst(start)
    }
    return kept
  }

  private static func step(of line: ArraySlice<UInt8>) -> Int? {
    let head = Array("{\"step\":".utf8)
    guard line.starts(with: head) else { return nil }
    return Int(String(decoding: line.dropFirst(head.count).prefix { $0 == 45 || (48...57).contains($0) }, as: UTF8.self))
  }
}
