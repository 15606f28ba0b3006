import Foundation
import Tensors

/// A file of JSON objects, one a line, each with its step first: `log.jsonl`, `classes.jsonl`.
///
/// Every line is handed to the system by one call as soon as it is written. Lines that a full disk does not take are kept and written with
/// the next one, so that the file has no gap. Not for use by several threads at once.
package final class JSONLines {
  /// The file.
  package var path: String { file.path }
  private let file: AppendedFile

  /// Opens a file for writing at its end, and makes it if there is none.
  ///
  /// A torn last line, as a killed process leaves it, is removed.
  /// - Parameters:
  ///   - path: the file.
  ///   - firstStep: lines of this step and of later ones are removed, so that a resumed run writes the file that an uninterrupted one
  ///     would have written. Nil keeps them all.
  /// - Throws: `LongtailError(.inputOutput)` when the file cannot be opened or shortened, `.badData` when a line is not from here.
  package init(path: String, cuttingFrom firstStep: Int? = nil) throws {
    file = try AppendedFile(path: path) { try JSONLines.keptBytes(of: $0, path: path, firstStep: firstStep) }
  }

  /// Adds a record, whose first member has to be its step.
  /// - Throws: as the other form.
  package func append(_ record: some Encodable) throws { try file.append((JSONValue(encoding: record).line + "\n").utf8) }

  /// Adds a line.
  /// - Parameters:
  ///   - step: becomes the first member, `step`.
  ///   - members: the others, in this order.
  /// - Throws: `LongtailError(.inputOutput)`, for instance when the disk is full. The line is kept and written by the next call that can.
  package func append(step: Int, _ members: [JSONValue.Member]) throws {
    let line = JSONValue.object([JSONValue.Member("step", .int(step))] + members).line + "\n"
    try file.append(line.utf8)
  }

  /// Waits until all lines are on the disk: before a checkpoint that counts on them.
  /// - Throws: `LongtailError(.inputOutput)`.
  package func synchronize() throws { try file.synchronize() }

  /// Closes the file, once all lines are in it.
  /// - Throws: `LongtailError(.inputOutput)`.
  package func close() throws { try file.close() }

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
