import Tensors

/// The memory in which plans keep their activations: one piece for all plans and networks of a process, which run one after the other.
///
/// What a plan leaves there is gone when another one runs. What has to last longer, such as a teacher's outputs, has memory of its own.
public final class Workspace {
  private var arena = HostBuffer(byteCount: 0)
  private var plans: [WeakPlan] = []

  private struct WeakPlan { weak var plan: Plan? }

  /// An empty one.
  public init() {}

  /// Bytes that the largest plan needs.
  package var byteCount: Int { arena.byteCount }

  /// Puts a plan's activations into the memory, which grows as it has to; all other plans then move along.
  func add(_ plan: Plan) throws {
    plans.removeAll { $0.plan == nil }
    plans.append(WeakPlan(plan: plan))
    if plan.report.arenaByteCount > arena.byteCount {
      arena = HostBuffer(byteCount: plan.report.arenaByteCount)
      for other in plans { try other.plan?.place(in: arena) }
    } else {
      try plan.place(in: arena)
    }
  }
}
