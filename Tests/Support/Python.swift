import Foundation

/// A Python with packages of other projects, for tests that ask the reference reader of a format.
///
/// `LONGTAIL_PYTHON` names it; without, it is `python3` of the path. Nothing is installed: tests that need a package that is not there are
/// skipped and say so.
public enum Python {
  /// The interpreter; nil where there is none.
  public static let interpreter: String? = {
    let variables = ProcessInfo.processInfo.environment
    if let named = variables["LONGTAIL_PYTHON"], !named.isEmpty { return named }
    return (variables["PATH"] ?? "").split(separator: ":").map { "\($0)/python3" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  /// Whether packages can be imported.
  public static func has(_ packages: String...) -> Bool {
    guard interpreter != nil else { return false }
    let script = "import importlib.util, sys\nsys.exit(any(importlib.util.find_spec(p) is None for p in sys.argv[1:]))"
    return (try? run(script, packages).exitCode) == 0
  }

  /// Runs a program text.
  public static func run(_ script: String, _ arguments: [String] = []) throws -> Program.Outcome {
    try Program(interpreter ?? "python3", ["-c", script] + arguments).wait()
  }
}
