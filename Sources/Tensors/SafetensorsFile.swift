/// A safetensors file, opened: its table of contents is read and checked, its numbers are read when asked for.
///
/// Layout: 8 bytes header length (unsigned, little-endian), the header (JSON: name to element type, shape and byte range), the data.
/// Refused before anything is allocated for it: a header above 100,000,000 bytes or beyond the file's end. Then: text that is not UTF-8,
/// equal names, unknown element types, sizes that overflow or disagree with the byte range, holes, overlaps and bytes left over.
/// Source: huggingface/safetensors, README. Numbers are little-endian, as every machine that this project runs on.
public struct SafetensorsFile: Sendable {
  /// A line of the table of contents.
  public struct Entry: Sendable, Equatable {
    /// The tensor's name.
    public let name: String
    /// The kind of number.
    public let elementType: ElementType
    /// Extents, outermost first.
    public let shape: [Int]
    /// Where the bytes lie, counted from the beginning of the data.
    public let bytes: Range<Int>
  }

  /// The largest header that is read, as in the reference reader.
  public static let maximumHeaderLength = 100_000_000

  /// The file.
  public let path: String
  /// The free text pairs of `__metadata__`.
  public let metadata: [String: String]
  /// The tensors, in the order of their bytes.
  public let entries: [Entry]

  private let dataOffset: Int
  private let positions: [String: Int]

  /// Opens a file and checks its header.
  /// - Throws: `LongtailError`: `missingInput`, `inputOutput`, or `badData` that names the file, and the tensor where there is one.
  public init(path: String) throws {
    let file = try ReadableFile(path: path)
    self.path = path
    if file.byteCount < 8 { throw Self.damaged(path, "it holds \(file.byteCount) bytes, a header length alone takes 8") }
    let lengthBytes = try file.bytes(0..<8)
    let length = lengthBytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    if length > UInt64(Self.maximumHeaderLength) {
      throw Self.damaged(path, "it claims a header of \(length) bytes, above the limit of \(Self.maximumHeaderLength)")
    }
    if Int(length) > file.byteCount - 8 {
      throw Self.damaged(path, "it claims a header of \(length) bytes, but ends after \(file.byteCount - 8)")
    }
    let header = try file.bytes(8..<8 + Int(length))
    if String(validating: header, as: UTF8.self) == nil { throw Self.damaged(path, "the header is not UTF-8") }
    do {
      let scanner = try SafetensorsHeaderScanner(header)
      metadata = scanner.metadata
      entries = try Self.check(scanner.entries, dataLength: file.byteCount - 8 - Int(length))
    } catch let failure as SafetensorsHeaderScanner.Failure {
      throw Self.damaged(path, failure.reason, tensor: failure.tensor)
    }
    dataOffset = 8 + Int(length)
    positions = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.name, $0) })
  }

  /// Reads one tensor.
  /// - Throws: `LongtailError` with code `badData` where the name is not in the file or its kind of number is not supported.
  public func read(_ name: String) throws -> StoredTensor {
    guard let position = positions[name] else {
      let suggestion = nearest(name, among: entries.map(\.name)).map { "Did you mean '\($0)'?" }
      throw LongtailError(.badData, "'\(path)' holds no tensor '\(name)'", advice: suggestion)
    }
    return try read(entries[position], from: ReadableFile(path: path))
  }

  /// Reads all tensors, in the order of `entries`.
  public func readAll() throws -> [StoredTensor] {
    let file = try ReadableFile(path: path)
    return try entries.map { try read($0, from: file) }
  }

  private func read(_ entry: Entry, from file: ReadableFile) throws -> StoredTensor {
    let offset = dataOffset + entry.bytes.lowerBound
    let count = entry.bytes.count / entry.elementType.byteCount
    let values: TensorValues
    switch entry.elementType {
    case .float32: values = .float32(try file.array(of: Float.self, count: count, at: offset))
    case .float64: values = .float64(try file.array(of: Double.self, count: count, at: offset))
    case .float16: values = .float16(try file.array(of: UInt16.self, count: count, at: offset))
    case .bfloat16: values = .bfloat16(try file.array(of: UInt16.self, count: count, at: offset))
    case .int64: values = .int64(try file.array(of: Int64.self, count: count, at: offset))
    case .int32: values = .int32(try file.array(of: Int32.self, count: count, at: offset))
    case .uint8: values = .uint8(try file.array(of: UInt8.self, count: count, at: offset))
    default:
      let supported = ElementType.allCases.filter(\.isReadable).map(\.rawValue).joined(separator: ", ")
      throw Self.damaged(path, "element type \(entry.elementType.rawValue) is not supported, only \(supported)", tensor: entry.name)
    }
    return StoredTensor(name: entry.name, shape: entry.shape, values: values)
  }

  /// Checks sizes and that the tensors cover the data exactly; returns them in the order of their bytes.
  private static func check(_ entries: [SafetensorsHeaderScanner.Entry], dataLength: Int) throws -> [Entry] {
    typealias Failure = SafetensorsHeaderScanner.Failure
    for entry in entries {
      var size = entry.elementType.byteCount
      var overflow = false
      // A zero extent makes the tensor empty, however large the others are; the reference multiplies from the left and so do we.
      for extent in entry.shape where !overflow { (size, overflow) = size.multipliedReportingOverflow(by: extent) }
      if overflow { throw Failure(reason: "the shape \(entry.shape) overflows", tensor: entry.name) }
      if entry.begin > entry.end || entry.end > dataLength {
        let reason = "bytes \(entry.begin) to \(entry.end) lie outside of the \(dataLength) bytes of data (is the file truncated?)"
        throw Failure(reason: reason, tensor: entry.name)
      }
      if entry.end - entry.begin != size {
        let reason =
          "shape \(entry.shape) of \(entry.elementType.rawValue) takes \(size) bytes, the header gives \(entry.end - entry.begin)"
        throw Failure(reason: reason, tensor: entry.name)
      }
    }
    let sorted = entries.sorted { ($0.begin, $0.end) < ($1.begin, $1.end) }
    var position = 0
    for entry in sorted {
      if entry.begin < position { throw Failure(reason: "its bytes overlap with another tensor's", tensor: entry.name) }
      if entry.begin > position {
        throw Failure(reason: "bytes \(position) to \(entry.begin) before it belong to no tensor", tensor: entry.name)
      }
      position = entry.end
    }
    if position != dataLength { throw Failure(reason: "\(dataLength - position) bytes at the end belong to no tensor", tensor: nil) }
    return sorted.map { Entry(name: $0.name, elementType: $0.elementType, shape: $0.shape, bytes: $0.begin..<$0.end) }
  }

  private static func damaged(_ path: String, _ reason: String, tensor: String? = nil) -> LongtailError {
    LongtailError(.badData, "'\(path)' is not a valid safetensors file\(tensor.map { ", tensor '\($0)'" } ?? ""): \(reason)")
  }
}
