/// What a rank has to say and to know about a step beside its share of the batch.
package struct StepNotice {
  /// Images of the global batch, by which the run's count of samples grows.
  package var images = 0
  /// What this rank has been asked; goes with the step's sum.
  package var requests = Requests()
  /// Whether this rank cannot go on: the step is then left out on all ranks, and they learn why.
  package var hasFailed = false

  /// Nothing to say.
  package init() {}
}
