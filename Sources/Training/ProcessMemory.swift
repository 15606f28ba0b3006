import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// What the system knows about this process's memory.
package enum ProcessMemory {
  /// The most physical memory that this process ever had, in bytes (`VmHWM`); nil where the system does not say.
  ///
  /// Memory that ranks share counts in each of them.
  package static var peakResidentBytes: Int? { status("VmHWM") }

  /// The physical memory that this process has now, in bytes (`VmRSS`); nil where the system does not say.
  package static var residentBytes: Int? { status("VmRSS") }

  /// Pages that were given to this process without reading a disk, so far: first touches of memory, mostly.
  package static var minorPageFaults: Int {
    var usage = rusage()
    return getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 ? usage.ru_minflt : 0
  }

  private static func status(_ key: String) -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
    return kibibytes(key, in: text).map { $0 * 1024 }
  }

  /// The number in a line such as `MemTotal:  1234 kB`.
  static func kibibytes(_ key: String, in text: String) -> Int? {
    for line in text.split(separator: "\n") where line.hasPrefix("\(key):") {
      return line.dropFirst(key.count + 1).split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
    }
    return nil
  }
}
