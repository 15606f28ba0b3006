import Kernels
import Threading

/// What computed: recorded beside results.
package enum Versions {
  /// Longtail's own version.
  package static let longtail = "0.1.0"

  /// Names and versions of what the numbers depend on.
  package static var all: [String: String] {
    ["longtail": longtail, "oneDNN": OneDNN.version, "instructionSet": OneDNN.instructionSet]
  }
}

/// The number of compute threads in use.
enum ComputeThreads {
  static var count: Int { ComputePool.threadCount }
}
