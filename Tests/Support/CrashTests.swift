import Foundation

/// How thoroughly faults are injected: a few times in every run of the tests, all the times where `LONGTAIL_CRASH_TESTS` is 1, as
/// `Launch/test --crash` sets it.
public enum CrashTests {
  /// Whether all repetitions are wanted.
  public static let areComplete = ProcessInfo.processInfo.environment["LONGTAIL_CRASH_TESTS"] == "1"

  /// How often to do something.
  public static func count(quick: Int, complete: Int) -> Int { areComplete ? complete : quick }

  /// Notes what was injected and how often, for the list at the end of `Launch/test --crash`.
  /// - Parameter line: begins with the number of the failure test, such as `failure 1: 50 kills ...`.
  public static func report(_ line: String) {
    guard let path = ProcessInfo.processInfo.environment["LONGTAIL_CRASH_REPORT"] else { return }
    let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o644)
    guard descriptor >= 0 else { return }
    try? FileHandle(fileDescriptor: descriptor, closeOnDealloc: true).write(contentsOf: Data("\(line)\n".utf8))
  }
}

/// Numbers that only look random: equal for equal seeds (SplitMix64).
public struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  /// Begins the sequence of a seed.
  public init(seed: Int) { state = UInt64(bitPattern: Int64(seed)) &* 0x9e37_79b9_7f4a_7c15 }

  /// The next number.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
