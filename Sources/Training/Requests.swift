import CSignals
import Foundation
import Tensors

/// What is requested of a run from outside, agreed on by all ranks in each step.
package struct Requests: Sendable, Equatable {
  /// Save and end.
  package var stop = false
  /// Save and go on.
  package var save = false
  /// Save and end, because the time is nearly over. Only rank zero's clock is asked.
  package var timeIsUp = false

  /// Nothing is wanted.
  package init() {}

  /// Whether the run is to end, for whatever reason.
  package var isStop: Bool { stop || timeIsUp }
}

/// Signals as requests: SIGUSR1, SIGTERM and Ctrl-C ask to save and stop, SIGUSR2 to save and go on; a second Ctrl-C ends at once.
///
/// It does not matter which rank a signal reaches: what one rank is asked, all do at the end of the same step.
package final class RequestSignals {
  /// Begins to listen.
  /// - Throws: `LongtailError` when the system refuses.
  package init() throws {
    let code = longtail_signals_install()
    guard code == 0 else {
      throw LongtailError(.internalError, "cannot handle signals: \(String(cString: strerror(code)))")
    }
  }

  deinit { longtail_signals_restore() }

  /// What this process has been asked since the last call. A request to stop stays.
  package func take() -> Requests {
    var requests = Requests()
    requests.stop = longtail_signals_stop() != 0
    requests.save = longtail_signals_take_save() != 0
    return requests
  }
}
