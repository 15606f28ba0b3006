import CMatFiles
import Foundation
import Tensors

/// Arrays in a MATLAB file, read block by block. The library below is not made for several threads: one reads at a time.
final class MATLABFile: @unchecked Sendable {
  /// Types of elements.
  enum ElementType: Sendable {
    /// 8 bits without sign.
    case uint8
    /// 16 bits without sign.
    case uint16
  }

  /// The file's path.
  let path: String
  private let handle: OpaquePointer

  /// Opens a file.
  /// - Throws: `.missingInput` where there is none, or no library to read it; `.badData` where it is something else or broken.
  init(path: String) throws {
    guard FileManager.default.fileExists(atPath: path) else { throw LongtailError(.missingInput, "\(path): there is no such file") }
    var reason = [CChar](repeating: 0, count: 256)
    var libraryIsMissing: Int32 = 0
    longtail_mat_lock()
    defer { longtail_mat_unlock() }
    guard let opened = longtail_mat_open(path, &libraryIsMissing, &reason, 256) else {
      let text = String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      if libraryIsMissing != 0 {
        throw LongtailError(
          .missingInput, "\(path) cannot be read: \(text)",
          advice: "Run Launch/bootstrap and build again, or export images and labels as PNG.")
      }
      throw LongtailError(.badData, "\(path): \(text)", advice: "Download it again, and compare its size with the source's.")
    }
    handle = opened
    self.path = path
  }

  deinit {
    longtail_mat_lock()
    longtail_mat_close(handle)
    longtail_mat_unlock()
  }

  /// Extents of an array in MATLAB's order, the fastest first.
  /// - Throws: `.badData` where there is no such array, or one of another type.
  func extents(_ name: String, type expected: ElementType) throws -> [Int] {
    var type: Int32 = 0
    var extents = [Int64](repeating: 0, count: 8)
    longtail_mat_lock()
    let rank = longtail_mat_extents(handle, name, &type, &extents)
    longtail_mat_unlock()
    guard rank >= 0 else { throw LongtailError(.badData, "\(path): there is no array '\(name)' in it, or it is broken") }
    let isExpected = type == Int32(expected == .uint8 ? longtail_mat_uint8 : longtail_mat_uint16)
    guard isExpected else {
      throw LongtailError(.badData, "\(path): the array '\(name)' does not consist of \(expected == .uint8 ? "uint8" : "uint16")")
    }
    return extents.prefix(Int(rank)).map(Int.init)
  }

  /// Reads a block of an array of 8-bit numbers.
  /// - Throws: `.badData` where reading fails.
  func read8(_ name: String, start: [Int], count: [Int]) throws -> [UInt8] { try read(name, start, count, zero: UInt8(0)) }

  /// Reads a block of an array of 16-bit numbers.
  /// - Throws: `.badData` where reading fails.
  func read16(_ name: String, start: [Int], count: [Int]) throws -> [UInt16] { try read(name, start, count, zero: UInt16(0)) }

  private func read<Element>(_ name: String, _ start: [Int], _ count: [Int], zero: Element) throws -> [Element] {
    var data = [Element](repeating: zero, count: count.reduce(1, *))
    let (start, count) = (start.map { Int32(clamping: $0) }, count.map { Int32(clamping: $0) })
    longtail_mat_lock()
    let status = data.withUnsafeMutableBytes { longtail_mat_read(handle, name, $0.baseAddress, start, count) }
    longtail_mat_unlock()
    guard status == 0 else {
      throw LongtailError(.badData, "\(path): a part of the array '\(name)' cannot be read: the file is damaged or cut off")
    }
    return data
  }
}
