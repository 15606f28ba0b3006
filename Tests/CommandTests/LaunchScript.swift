import Foundation
import TestSupport

/// `Launch/run` of this package with the program that is built beside the tests.
enum LaunchScript {
  /// The path of a file in `Launch`.
  static func path(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Launch/\(name)").path
  }

  /// Starts `Launch/run`; pauses before restarts are short.
  /// - Parameter program: what is run instead of `longtail`.
  static func start(_ arguments: [String], program: String? = nil, environment: [String: String] = [:]) throws -> Program {
    var variables = ["LONGTAIL_BINARY": try program ?? Program.path(of: "longtail"), "LONGTAIL_RESTART_SECONDS": "0.1"]
    variables.merge(environment) { $1 }
    return try Program(path("run"), arguments, environment: variables)
  }
}

extension RunResult {
  /// Waits until so many steps are logged, or the program has ended, or a minute has passed.
  func wait(forStep step: Int, of program: Program) {
    let limit = Date().addingTimeInterval(60)
    while (loggedSteps.last ?? 0) < step, Date() < limit, program.process.isRunning { usleep(500) }
  }
}
