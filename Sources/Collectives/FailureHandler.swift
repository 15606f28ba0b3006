import Foundation
import Tensors

/// Ends the whole job when one rank fails, so that the others do not wait for it forever.
public enum FailureHandler {
  /// The text of a failure: which rank, where, and what.
  /// - Returns: `longtail: rank 2 of 4 on node7: ...`, or without the rank for a single process.
  public static func message(for error: Error, rank: Int?, size: Int?, host: String) -> String {
    let text = (error as? LongtailError)?.description ?? String(describing: error)
    guard let rank, let size, size > 1 else { return "longtail: \(text)\n" }
    return "longtail: rank \(rank) of \(size) on \(host): \(text)\n"
  }

  /// The exit code for an error: its own, or that of an internal error.
  public static func exitCode(for error: Error) -> Int32 {
    ((error as? LongtailError)?.code ?? .internalError).rawValue
  }

  /// Prints what failed and ends all ranks with the error's exit code, which is then that of `mpirun`.
  ///
  /// Of several ranks that fail at about the same time the first one speaks: the others mostly fail because of it, or of the same thing.
  /// Ranks of a node share a word by which they know; other nodes give that of rank zero a moment, which ends them, too, if it fails.
  /// - Parameters:
  ///   - error: a `LongtailError` decides the exit code; any other error counts as internal.
  ///   - communicator: the group, or `nil` if this process could not join one.
  public static func endJob(_ error: Error, communicator: Communicator?) -> Never {
    guard let communicator else {
      let environment = ProcessInfo.processInfo.environment
      let (rank, size) = Launcher.promisedPlace(environment: environment)
      // What is wrong with one start is mostly wrong with all of them. The launcher ends this process once the first rank has failed.
      if let rank, rank > 0 { pause(seconds: 3) }
      report(message(for: error, rank: rank, size: size, host: ProcessInfo.processInfo.hostName))
      exit(exitCode(for: error))
    }
    if !communicator.sharesNodeWithRoot { pause(seconds: 2) }
    if communicator.claimFailureReport() {
      report(message(for: error, rank: communicator.rank, size: communicator.size, host: communicator.hostName))
    } else {
      // The rank that speaks ends this one too. Aborting before it has spoken would cost its message.
      pause(seconds: 5)
    }
    communicator.abort(code: exitCode(for: error))
  }

  /// Lets others speak first, and lets the launcher end this process meanwhile: a request to save comes too late.
  private static func pause(seconds: UInt32) {
    signal(SIGTERM, SIG_DFL)
    sleep(seconds)
  }

  /// One write, so that lines of several ranks do not mix.
  private static func report(_ text: String) {
    FileHandle.standardError.write(Data(text.utf8))
  }
}
