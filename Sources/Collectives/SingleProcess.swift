import Foundation
import Tensors

/// The group of one: no MPI is loaded, every collective returns at once. This is the debug mode.
public final class SingleProcess: Communicator {
  /// Always 0.
  public let rank = 0
  /// Always 1.
  public let size = 1
  /// Always 0.
  public let localRank = 0
  /// Always 1.
  public let localSize = 1
  /// This host's name.
  public let hostNames: [String]
  /// Always true.
  public let sharesNodeWithRoot = true
  /// Where this process notes what it is doing.
  public let progress = ProgressBoard()
  /// Changes nothing: there is nobody to disagree with.
  public var checksCollectives = false
  /// Always empty.
  public let issuedCollectives = CollectiveRecord()

  /// Makes a group of this process alone.
  public init() {
    hostNames = [ProcessInfo.processInfo.hostName]
  }

  /// Does nothing.
  public func sum(_ values: inout [Double]) throws {}
  /// Does nothing.
  public func sum(_ values: UnsafeMutableBufferPointer<Double>) throws {}
  /// Does nothing.
  public func sum(_ values: inout [Int64]) throws {}
  /// Does nothing.
  public func minimum(_ values: inout [Double]) throws {}
  /// Does nothing.
  public func maximum(_ values: inout [Double]) throws {}
  /// Does nothing.
  public func bitwiseOr(_ values: inout [UInt64]) throws {}

  /// Does nothing.
  /// - Throws: `internalError` if `root` is not 0.
  public func broadcast(_ bytes: inout [UInt8], from root: Int) throws {
    try checkRoot(root)
  }

  /// Returns `bytes` as the only piece.
  /// - Throws: `internalError` if `root` is not 0.
  public func gather(_ bytes: [UInt8], to root: Int) throws -> [[UInt8]] {
    try checkRoot(root)
    return [bytes]
  }

  /// Does nothing.
  public func barrier() throws {}

  /// Makes an ordinary buffer, whose `sum()` does nothing.
  public func reducibleBuffer(floatCount: Int, wirePrecision: WirePrecision) throws -> ReducibleBuffer {
    LoneBuffer(floatCount: floatCount, strategy: "single process: nothing to sum")
  }

  /// Always true.
  public func claimFailureReport() -> Bool { true }

  /// Ends this process.
  public func abort(code: Int32) -> Never { exit(code) }

  /// Ends the watch over this process.
  public func finish() throws { progress.stopWatching() }
}

extension Communicator {
  /// Refuses a root that is no rank of this group.
  func checkRoot(_ root: Int) throws {
    if root < 0 || root >= size {
      throw LongtailError(.internalError, "Root \(root) is not a rank: there are \(size), counted from 0.")
    }
  }
}
