import Foundation
import Kernels
import Networks
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// The choices that runs with `engine.algorithms: measured` have made on this machine: a file in the user's cache for each processor,
/// library and build of the program.
///
/// What is in the file stands: later runs take it over instead of measuring, so that they compute the same numbers, and add what it lacks.
/// It is replaced by one rename, under a lock, so that no reader sees half of it and no writer undoes another's.
package struct MeasuredAlgorithms {
  /// The file.
  package let path: String
  /// What it held when it was read.
  package private(set) var table: AlgorithmTable = [:]
  /// What is wrong with it, in words; nil if nothing is.
  package private(set) var problem: String?

  private struct Content: Codable {
    var processor: String
    var library: String
    var instructionSet: String
    var build: String
    var choices: AlgorithmTable
  }

  private let empty: Content

  /// Reads the file of this processor, library and build; one that is damaged counts as none.
  /// - Parameter environment: names the cache's directory: `XDG_CACHE_HOME`, or `.cache` in `HOME`.
  /// - Returns: nil where neither is set.
  package init?(
    environment: [String: String] = ProcessInfo.processInfo.environment, processor: String = ProcessorFacts(SystemFiles()).model,
    build: String = MeasuredAlgorithms.build
  ) {
    guard let directory = MeasuredAlgorithms.directory(environment) else { return nil }
    empty = Content(
      processor: processor, library: OneDNN.version, instructionSet: OneDNN.instructionSet, build: build, choices: [:])
    let words = processor.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    path = "\(directory)/\(words.joined(separator: "-"))-onednn-\(OneDNN.version)-\(OneDNN.instructionSet)-\(build).json"
    do {
      table = try content()?.choices ?? [:]
    } catch {
      problem = "\(path) is damaged, and is made anew: \(AlgorithmChoices.reason(error))"
    }
  }

  /// Where the files lie; nil where the user has no cache.
  static func directory(_ environment: [String: String]) -> String? {
    // The standard wants paths that are not absolute to be ignored.
    if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") { return "\(cache)/longtail/algorithms" }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return "\(home)/.cache/longtail/algorithms"
  }

  /// Names this program's build: version and the first digits of its file's digest.
  package static let build: String = {
    let digest = (try? SHA256Digest(ofFile: "/proc/self/exe"))?.description.prefix(12)
    return "longtail-\(Versions.longtail)-\(digest ?? "unknown")"
  }()

  /// Adds choices to the file. What others have put there meanwhile stands.
  /// - Returns: what went wrong, in words: a cache that cannot be written makes the next start slower, and stops no run.
  func add(_ choices: AlgorithmTable) -> String? {
    let measured = choices.filter { !$0.value.milliseconds.isEmpty }
    guard !measured.isEmpty else { return nil }
    func failed(_ reason: String) -> String { "measured algorithms are not kept: \(path): \(reason)" }
    do {
      let directory = (path as NSString).deletingLastPathComponent
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      let lock = open("\(path).lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      guard lock >= 0 else { return failed(String(cString: strerror(errno))) }
      defer { close(lock) }
      guard flock(lock, LOCK_EX) == 0 else { return failed(String(cString: strerror(errno))) }
      var whole = (try? content()) ?? empty
      whole.choices.merge(measured) { first, _ in first }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      try encoder.encode(whole).write(to: URL(fileURLWithPath: path), options: .atomic)
      return nil
    } catch {
      return failed(error.localizedDescription)
    }
  }

  /// The file's content; nil where there is none for this machine.
  private func content() throws -> Content? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    let found = try JSONDecoder().decode(Content.self, from: data)
    // Names of processors are shortened in the file's name.
    let isOurs = found.processor == empty.processor && found.library == empty.library && found.instructionSet == empty.instructionSet
    return isOurs && found.build == empty.build ? found : nil
  }

  /// What there is, for people.
  package var summary: String {
    table.isEmpty
      ? "none measured on this machine yet (\(path))" : "\(table.count) measured on this machine, \(path), digest \(table.digest)"
  }
}
