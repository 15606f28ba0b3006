import Foundation

/// System calls of a program of this package that go wrong: a library in front of the C library counts them and lets some fail.
///
/// Unlike a hook in the program it sees every call that reaches the system, also those that libraries make.
public struct SystemFault {
  /// What happens at a call.
  public enum Action {
    /// Nothing; calls are only counted and noted.
    case nothing
    /// The process ends before the call, as by SIGKILL.
    case kill
    /// The same, but a write puts half of its bytes into the file first.
    case tear
    /// The call fails with this error number; a write puts half of its bytes into the file first.
    case error(Int32)
    /// The process gets this signal; then the call goes on.
    case signal(Int32)
    /// The call takes so many microseconds longer.
    case delay(Int)

    fileprivate var text: String? {
      switch self {
      case .nothing: nil
      case .kill: "kill"
      case .tear: "tear"
      case .error(let number): "error:\(number)"
      case .signal(let number): "signal:\(number)"
      case .delay(let microseconds): "delay:\(microseconds)"
      }
    }
  }

  /// Only calls on paths that contain this count.
  public var path: String
  /// Only these count: open, write, fsync, close, mkdir, rename, link, unlink, rmdir, truncate. Empty for all.
  public var calls: [String]
  /// The first call that goes wrong, from 1.
  public var at: Int
  /// How many do; 0 for all that follow.
  public var count: Int
  /// What happens.
  public var action: Action
  /// Only in this rank; nil in all.
  public var rank: Int?
  /// A file that receives number, name and path of every call that counts.
  public var log: String?

  /// Describes a fault.
  public init(path: String, calls: [String] = [], at: Int = 1, count: Int = 1, _ action: Action, rank: Int? = nil, log: String? = nil) {
    self.path = path
    self.calls = calls
    self.at = at
    self.count = count
    self.action = action
    self.rank = rank
    self.log = log
  }

  private var text: String {
    var fields = ["path=\(path)", "at=\(at)", "count=\(count)"]
    if !calls.isEmpty { fields.append("calls=" + calls.joined(separator: ",")) }
    if let rank { fields.append("rank=\(rank)") }
    if let log { fields.append("log=\(log)") }
    if let action = action.text { fields.append("do=" + action) }
    return fields.joined(separator: ";")
  }

  /// The variables that a program has to be started with; at most four faults.
  public static func environment(_ faults: SystemFault...) throws -> [String: String] {
    ["LD_PRELOAD": try library(), "LONGTAIL_FAULT": faults.map(\.text).joined(separator: "|")]
  }

  /// The calls that a log holds, in order, each as `write /path`.
  public static func calls(inLog path: String) -> [String] {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map { line in line.drop { $0 != " " }.dropFirst().description }
  }

  private struct LibraryMissing: Error, CustomStringConvertible {
    let description: String
  }

  /// The library is built beside the tests.
  private static func library() throws -> String {
    let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let path = URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("libFaults.so").path
    guard FileManager.default.fileExists(atPath: path) else {
      throw LibraryMissing(description: "\(path) is missing; swift build --build-tests makes it")
    }
    return path
  }
}
