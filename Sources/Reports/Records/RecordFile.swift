import Foundation
import Tensors

/// Reads the files of a run.
enum RecordFile {
  /// A decoder for records of a task.
  static func decoder(_ task: TaskDescription? = nil) -> JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    if let task { decoder.userInfo[.task] = task }
    return decoder
  }

  /// Reads a file; nil where there is none.
  /// - Throws: `LongtailError(.badData)` where it is not what it should be.
  static func read<Content: Decodable>(_ path: String, _ task: TaskDescription? = nil) throws -> Content? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    do {
      return try decoder(task).decode(Content.self, from: data)
    } catch {
      throw damaged(path, error)
    }
  }

  /// Reads the whole lines of a file; none where there is no file.
  /// - Throws: `LongtailError(.badData)` that names the line that is not what it should be.
  static func lines<Line: Decodable>(_ path: String, _ task: TaskDescription? = nil) throws -> [Line] {
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    let decoder = decoder(task)
    let end = data.lastIndex(of: UInt8(ascii: "\n")) ?? data.startIndex
    return try data[..<end].split(separator: UInt8(ascii: "\n")).enumerated().map { number, line in
      do {
        return try decoder.decode(Line.self, from: Data(line))
      } catch {
        throw damaged("\(path):\(number + 1)", error)
      }
    }
  }

  private static func damaged(_ place: String, _ error: any Error) -> LongtailError {
    LongtailError(
      .badData, "\(place): this is not what a run writes: \(error)",
      advice: "Train the run again, or take its directory out of the comparison.")
  }
}
