import Networks
import Tensors

/// A network's numbers that follow the trained ones slowly: the key encoder of a contrast.
///
///     k = k + (1 - m)(s - k)
///
/// after each update, for the parameters s of the student. Running statistics are the copy's own: a partner in `observing` mode moves them.
/// The copy has no other state than the partner, whose leaves are its numbers. Cost: a pass over the parameters a step, 12 bytes a float.
/// Source: He et al., "Momentum contrast for unsupervised visual representation learning", CVPR 2020, equation 2.
public final class MomentumCopy: Follower {
  /// The partner's name.
  public var name: String { "\(partner.name).follower" }
  private let partner: Partner
  private let student: Network
  private let momentum: Double

  /// - Parameters:
  ///   - partner: what follows; a set of the student's layout, see `MethodSetup.copy`.
  ///   - student: what is followed.
  ///   - momentum: m, the share that remains in a step, from 0 to 1.
  /// - Throws: `LongtailError` for numbers out of range, or a partner of another layout.
  public init(_ partner: Partner, of student: Network, momentum: Double) throws {
    guard (0...1).contains(momentum) else {
      throw LongtailError(.usage, "the momentum of '\(partner.name)' is \(momentum), but has to be from 0 to 1")
    }
    guard partner.set.layout === student.layout, partner.set !== student.parameterSet else {
      throw LongtailError(.internalError, "partner '\(partner.name)' is not a copy of the network that it follows")
    }
    (self.partner, self.student, self.momentum) = (partner, student, momentum)
  }

  /// The student's numbers as they are.
  public func begin() { partner.set.copy(student.parameterSet) }

  /// Follows the parameters.
  public func follow(_ step: AcceptedStep) { partner.set.values.move(towards: student.parameters, by: 1 - momentum) }

  /// Nothing beside the partner's numbers.
  public func describeState(in tree: inout StateTree) {}
}
