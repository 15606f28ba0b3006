import CMatFiles
import Foundation
import Tensors

/// Writes files like NYU Depth V2's with matio, where that is installed.
public enum MATLABFixture {
  private typealias Create = @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>?, Int32) -> OpaquePointer?
  private typealias Variable =
    @convention(c) (
      UnsafePointer<CChar>, Int32, Int32, Int32, UnsafeMutablePointer<Int>, UnsafeMutableRawPointer, Int32
    ) -> OpaquePointer?
  private typealias Write = @convention(c) (OpaquePointer?, OpaquePointer?, Int32) -> Int32
  private typealias Free = @convention(c) (OpaquePointer?) -> Void
  private typealias Close = @convention(c) (OpaquePointer?) -> Int32

  nonisolated(unsafe) private static let library: UnsafeMutableRawPointer? = {
    let names: [String] = ["libmatio.so.13", "libmatio.so.12", "libmatio.so.11", "libmatio.so"]
    for name in names {
      if let opened = dlopen(name, RTLD_LAZY) { return opened }
    }
    return nil
  }()

  /// Whether matio is installed.
  public static var isAvailable: Bool { library != nil }

  /// The number among 894 at a place: wall, floor, chair, person, the last one, and now and then none.
  public static func label(x: Int, y: Int, sample: Int) -> UInt16 { [21, 11, 5, 331, 894, 0][(x + 2 * y + sample) % 6] }

  /// The colour at a place.
  public static func colour(x: Int, y: Int, channel: Int, sample: Int) -> UInt8 { UInt8((x * 5 + y * 3 + channel * 50 + sample) % 256) }

  /// Writes a file of version 7.3, compressed, with `images` and `labels` of 32 columns and 24 rows.
  /// - Parameter override: a number for the first pixel of the first sample's labels.
  public static func write(to path: String, samples: Int, first override: UInt16? = nil) throws {
    let (width, height) = (32, 24)
    longtail_mat_lock()
    defer { longtail_mat_unlock() }
    guard let create: Create = function("Mat_CreateVer"), let close: Close = function("Mat_Close"),
      let file = create(path, nil, 0x0200)
    else { throw LongtailError(.missingInput, "matio cannot write \(path)") }
    defer { _ = close(file) }
    var images = [UInt8](repeating: 0, count: width * height * 3 * samples)
    var labels = [UInt16](repeating: 0, count: width * height * samples)
    for sample in 0..<samples {
      for x in 0..<width {
        for y in 0..<height {
          labels[(sample * width + x) * height + y] = label(x: x, y: y, sample: sample)
          for channel in 0..<3 {
            images[((sample * 3 + channel) * width + x) * height + y] = colour(x: x, y: y, channel: channel, sample: sample)
          }
        }
      }
    }
    if let override { labels[0] = override }
    // MATLAB's classes and types: 9 and 2 for uint8, 11 and 4 for uint16.
    try images.withUnsafeMutableBytes { try add("images", 9, 2, [height, width, 3, samples], $0, to: file) }
    try labels.withUnsafeMutableBytes { try add("labels", 11, 4, [height, width, samples], $0, to: file) }
  }

  private static func add(
    _ name: String, _ kind: Int32, _ type: Int32, _ extents: [Int], _ data: UnsafeMutableRawBufferPointer, to file: OpaquePointer
  ) throws {
    var extents = extents
    guard let make: Variable = function("Mat_VarCreate"), let write: Write = function("Mat_VarWrite"),
      let free: Free = function("Mat_VarFree"),
      let base = data.baseAddress, let variable = make(name, kind, type, Int32(extents.count), &extents, base, 1)
    else { throw LongtailError(.inputOutput, "matio cannot make \(name)") }
    defer { free(variable) }
    guard write(file, variable, 1) == 0 else { throw LongtailError(.inputOutput, "matio cannot write \(name)") }
  }

  private static func function<Kind>(_ name: String) -> Kind? {
    guard let library, let address = dlsym(library, name) else { return nil }
    return unsafeBitCast(address, to: Kind.self)
  }
}
