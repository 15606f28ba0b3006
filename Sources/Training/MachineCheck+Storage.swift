import Foundation
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// How much memory there is.
package struct MemoryFacts: Sendable, Equatable {
  /// Bytes of the machine.
  package var total = 0
  /// Bytes that can be had without swapping.
  package var available = 0
  /// The control group's limit in bytes; nil where there is none.
  package var limit: Int?
  /// Bytes that the control group has in use.
  package var used: Int?

  /// What a job may hope for: what is available, and what its limit leaves.
  package var usable: Int { min(available, limit.map { max(0, $0 - (used ?? 0)) } ?? available) }

  /// Nothing known.
  package init() {}

  /// Reads `/proc` and `/sys`.
  package init(_ files: SystemFiles) {
    let text = files.text("proc/meminfo") ?? ""
    total = (ProcessMemory.kibibytes("MemTotal", in: text) ?? 0) * 1024
    available = (ProcessMemory.kibibytes("MemAvailable", in: text) ?? 0) * 1024
    // Of groups within groups the one with the least room counts; each takes in the use of all below it.
    for group in files.controlGroups {
      guard let most = files.text("\(group)/memory.max").flatMap({ Int($0) }) else { continue }
      let inUse = files.text("\(group)/memory.current").flatMap { Int($0) } ?? 0
      // Pages of files count as used although they can be given back, so they are taken off.
      let pages = (files.text("\(group)/memory.stat") ?? "").split(separator: "\n").first { $0.hasPrefix("inactive_file ") }
        .flatMap { Int($0.dropFirst(14)) }
      let taken = max(0, inUse - (pages ?? 0))
      if let limit, limit - (used ?? 0) <= most - taken { continue }
      (limit, used) = (most, taken)
    }
    // The older kind of control group says "no limit" with a number near the largest.
    if limit == nil, let most = files.text("sys/fs/cgroup/memory/memory.limit_in_bytes").flatMap({ Int($0) }), most < max(total, 1) {
      (limit, used) = (most, files.text("sys/fs/cgroup/memory/memory.usage_in_bytes").flatMap { Int($0) })
    }
  }
}

extension MachineCheck {
  static func mebibytes(_ bytes: Int) -> String {
    bytes >= 10 << 30 ? "\(bytes >> 30) GiB" : "\(bytes >> 20) MiB"
  }

  /// Looks at the memory of the machine and of the control group.
  package static func memory(_ facts: MemoryFacts) -> MachineCheck {
    var detail = "\(mebibytes(facts.total)), \(mebibytes(facts.available)) available"
    detail += facts.limit.map { "; the control group's limit is \(mebibytes($0))" } ?? "; no limit of a control group"
    if let used = facts.used { detail += ", \(mebibytes(used)) in use" }
    guard facts.usable < 1 << 30 else { return MachineCheck("memory", .ok, detail) }
    return MachineCheck(
      "memory", .warning, detail, advice: "Little is left. End other programs, raise the limit, or train with a small global batch.")
  }

  /// Looks at the space of a directory that a run writes to, and whether it can be written: a file is made and removed.
  package static func directory(_ name: String, path: String) -> MachineCheck {
    // The directory itself may be made by the run; what counts is where.
    var place = URL(fileURLWithPath: path).standardizedFileURL
    while !FileManager.default.fileExists(atPath: place.path), place.path != "/" {
      place = place.deletingLastPathComponent().standardizedFileURL
    }
    let probe = place.appendingPathComponent(".longtail-doctor-\(ProcessInfo.processInfo.processIdentifier)").path
    let descriptor = open(probe, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      return MachineCheck(
        name, .problem, "\(place.path) cannot be written: \(String(cString: strerror(errno)))",
        advice: "Change its permissions, or choose another place with --output.")
    }
    close(descriptor)
    unlink(probe)
    guard let free = freeBytes(place.path) else { return MachineCheck(name, .warning, "\(place.path) does not report its free space") }
    let detail = "\(place.path) can be written, \(mebibytes(free)) free"
    guard free < 1 << 30 else { return MachineCheck(name, .ok, detail) }
    return MachineCheck(name, .warning, detail, advice: "Checkpoints need space: three times the parameters each. Free some.")
  }

  /// Looks at the memory for files that ranks share on a node.
  /// - Parameter needed: bytes that the gradients of all ranks of a node take there; a usual network's if not known.
  package static func sharedMemory(path: String = "/dev/shm", needed: Int? = nil) -> MachineCheck {
    let name = "shared memory"
    let advice =
      "Ranks then sum gradients by messages, which is slower. Give more: docker run --shm-size=1g, or mount -o remount,size=1g \(path)."
    guard let free = freeBytes(path) else { return MachineCheck(name, .warning, "there is no \(path)", advice: advice) }
    guard access(path, W_OK) == 0 else { return MachineCheck(name, .warning, "\(path) cannot be written", advice: advice) }
    let wanted = needed ?? 256 << 20
    let detail =
      "\(path) has \(mebibytes(free)) free" + (needed.map { ", the gradients of a node's ranks take \(mebibytes($0))" } ?? "")
    return MachineCheck(name, free < wanted ? .warning : .ok, detail, advice: free < wanted ? advice : nil)
  }

  private static func freeBytes(_ path: String) -> Int? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    return Int(clamping: UInt64(status.f_bavail) &* UInt64(status.f_frsize))
  }
}
