import Foundation
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// Keeps a second trainer out of a run directory: a file `run.lock` that names the process that holds it.
///
/// A lock whose process is gone, on this host, is taken over. One of another host is left alone, since nothing can be known about it.
package final class RunLock {
  /// Who holds a lock.
  package struct Holder: Sendable, Codable, Equatable {
    /// The host's name.
    package var host: String
    /// The process.
    package var pid: Int32
    /// When the process began, in ticks since the host did: distinguishes it from a later one with the same number.
    package var processStart: UInt64
    /// When the lock was taken, in UTC: `2026-01-31T12:00:00Z`.
    package var since: String

    /// Describes a holder.
    package init(host: String, pid: Int32, processStart: UInt64, since: String) {
      (self.host, self.pid, self.processStart, self.since) = (host, pid, processStart, since)
    }

    /// This process, now.
    package static func current() -> Holder {
      let pid = getpid()
      return Holder(
        host: ProcessInfo.processInfo.hostName, pid: pid, processStart: Holder.processStart(of: pid) ?? 0, since: Timestamp.now())
    }

    /// Whether the process still runs; nil when it is on another host.
    package var isAlive: Bool? {
      guard host == ProcessInfo.processInfo.hostName else { return nil }
      guard kill(pid, 0) == 0 || errno == EPERM else { return false }
      guard let fields = Holder.status(of: pid), let state = fields.first, let now = Holder.processStart(of: pid) else { return true }
      // A killed process keeps its number until its parent asks for it, which the first process of a container may do late.
      if state == "Z" || state == "X" { return false }
      return processStart == 0 || now == processStart
    }

    /// The 22nd field of `/proc/<pid>/stat`.
    static func processStart(of pid: Int32) -> UInt64? {
      guard let fields = status(of: pid), fields.count > 19 else { return nil }
      return UInt64(fields[19])
    }

    /// The fields of `/proc/<pid>/stat` from the third on; the second may hold blanks and ends with the last bracket.
    private static func status(of pid: Int32) -> [Substring]? {
      guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8), let bracket = text.lastIndex(of: ")") else {
        return nil
      }
      return text[text.index(after: bracket)...].split(separator: " ")
    }
  }

  /// The file.
  package let path: String
  /// What is in it.
  package let holder: Holder
  /// What was found and done about a lock that its process had left behind; nil when there was none.
  package let takeover: String?
  private var isReleased = false

  /// Takes the lock of a directory.
  /// - Throws: `LongtailError(.mismatch)` when another process holds it, `.inputOutput` when the file cannot be written.
  package init(directory: String, holder: Holder = .current()) throws {
    path = "\(directory)/run.lock"
    self.holder = holder
    var explanation: String?
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let content = try encoder.encode(holder)
    for _ in 0..<3 {
      if try RunLock.create(path, content) {
        takeover = explanation
        return
      }
      let found = (try? Data(contentsOf: URL(fileURLWithPath: path))).flatMap { try? JSONDecoder().decode(Holder.self, from: $0) }
      guard let found else {
        // It may be gone again, or be in the making; a broken one is nobody's.
        guard FileManager.default.fileExists(atPath: path) else { continue }
        explanation = "\(path): its content is damaged; taking it over"
        try RunLock.putAside(path)
        continue
      }
      let who = "process \(found.pid) on \(found.host), since \(found.since)"
      switch found.isAlive {
      case .some(false):
        explanation = "\(path): left behind by \(who), which no longer runs; taking it over"
        try RunLock.putAside(path)
      case .some(true):
        throw LongtailError(
          .mismatch, "\(directory): another trainer is at work here (\(who))",
          advice: "Wait for it to end, or give this run another `output`.")
      case .none:
        throw LongtailError(
          .mismatch, "\(directory): locked by \(who)",
          advice: "If that process no longer runs, remove \(path), and start again.")
      }
    }
    throw LongtailError(.mismatch, "\(directory): another trainer is starting here at this moment", advice: "Start again.")
  }

  /// Gives the lock back: removes the file, if it is still this one's.
  package func release() {
    guard !isReleased else { return }
    isReleased = true
    let found = (try? Data(contentsOf: URL(fileURLWithPath: path))).flatMap { try? JSONDecoder().decode(Holder.self, from: $0) }
    if found == holder { unlink(path) }
  }

  deinit { release() }

  /// Makes the file with its content in one step: true, or false when there is one already.
  private static func create(_ path: String, _ content: Data) throws -> Bool {
    let draft = "\(path).\(getpid()).\(UInt32.random(in: 0...UInt32.max))"
    do {
      try content.write(to: URL(fileURLWithPath: draft))
    } catch {
      throw LongtailError(.inputOutput, "\(path): cannot be written: \(error.localizedDescription)", advice: "Check permissions and space.")
    }
    defer { unlink(draft) }
    // A hard link fails where the name is taken, and the file is complete from its first moment.
    if link(draft, path) == 0 { return true }
    if errno == EEXIST { return false }
    // File systems without hard links.
    let descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o644)
    if descriptor < 0 {
      if errno == EEXIST { return false }
      throw LongtailError(.inputOutput, "\(path): cannot be created: \(String(cString: strerror(errno)))", advice: "Check permissions.")
    }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try handle.write(contentsOf: content)
    return true
  }

  /// Of two that take the same lock over, only one renames it.
  private static func putAside(_ path: String) throws {
    let aside = "\(path).stale.\(getpid())"
    if rename(path, aside) == 0 {
      unlink(aside)
    } else if errno != ENOENT {
      throw LongtailError(.inputOutput, "\(path): cannot be removed: \(String(cString: strerror(errno)))", advice: "Remove it by hand.")
    }
  }
}

/// Points in time as text.
package enum Timestamp {
  /// Now, in UTC: `2026-01-31T12:00:00Z`.
  package static func now() -> String { text(Date().timeIntervalSince1970) }

  /// Seconds since 1970 in UTC: `2026-01-31T12:00:00Z`.
  package static func text(_ seconds: Double) -> String {
    var time = time_t(seconds.isFinite ? seconds : 0)
    var parts = tm()
    gmtime_r(&time, &parts)
    return String(
      format: "%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
      parts.tm_sec)
  }
}
