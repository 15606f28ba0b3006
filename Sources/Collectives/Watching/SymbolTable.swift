import Foundation

/// The functions in the symbol table of an ELF program for 64 bits: names of what the dynamic loader does not name.
struct SymbolTable {
  private struct Function {
    var begin: UInt64
    var end: UInt64
    var name: Range<Int>
  }

  private let file: Data
  private var functions: [Function] = []

  /// Reads a file's table, sorted by address; nil if the file has none, or is of another kind.
  init?(ofFile path: String) {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) else { return nil }
    self.init(data)
  }

  /// Reads the table of a file in memory. Every offset is checked: a damaged file gives nil, or names that are wrong.
  init?(_ data: Data) {
    file = data
    // The magic number, 64 bits, little-endian.
    guard data.count > 64, data.prefix(6).elementsEqual([0x7f, 0x45, 0x4c, 0x46, 2, 1]) else { return nil }
    guard let sections = number(40, UInt64.self).flatMap({ Int(exactly: $0) }), sections < data.count,
      let size = number(58, UInt16.self), let count = number(60, UInt16.self)
    else { return nil }
    let headers = (0..<Int(count)).map { sections + $0 * Int(size) }
    let symbolTable: UInt32 = 2
    guard let table = headers.first(where: { number($0 + 4, UInt32.self) == symbolTable }),
      let link = number(table + 40, UInt32.self), headers.indices.contains(Int(link)),
      let entries = bytes(ofSection: table), let names = bytes(ofSection: headers[Int(link)])
    else { return nil }
    let entrySize = 24
    for entry in stride(from: entries.lowerBound, to: entries.upperBound - entrySize + 1, by: entrySize) {
      guard let name = number(entry, UInt32.self), let info = number(entry + 4, UInt8.self), info & 15 == 2,
        let begin = number(entry + 8, UInt64.self), let length = number(entry + 16, UInt64.self), begin > 0,
        names.contains(names.lowerBound + Int(name))
      else { continue }
      functions.append(Function(begin: begin, end: begin &+ length, name: names.lowerBound + Int(name)..<names.upperBound))
    }
    if functions.isEmpty { return nil }
    functions.sort { $0.begin < $1.begin }
  }

  /// The function that holds an address, counted from where the program begins, and how far into it that is.
  func symbol(at address: UInt64) -> (name: String, offset: UInt64)? {
    var (low, high) = (0, functions.count)
    while low < high {
      let middle = (low + high) / 2
      if functions[middle].begin <= address { low = middle + 1 } else { high = middle }
    }
    guard low > 0, address < functions[low - 1].end else { return nil }
    let function = functions[low - 1]
    let name = file[function.name].prefix { $0 != 0 }
    return (String(decoding: name, as: UTF8.self), address - function.begin)
  }

  private func bytes(ofSection header: Int) -> Range<Int>? {
    guard let offset = number(header + 24, UInt64.self).flatMap({ Int(exactly: $0) }),
      let size = number(header + 32, UInt64.self).flatMap({ Int(exactly: $0) }), offset <= file.count, size <= file.count - offset
    else { return nil }
    return offset..<offset + size
  }

  private func number<Number: FixedWidthInteger>(_ offset: Int, _ type: Number.Type) -> Number? {
    guard offset >= 0, offset <= file.count - MemoryLayout<Number>.size else { return nil }
    return file.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self)) }
  }
}
