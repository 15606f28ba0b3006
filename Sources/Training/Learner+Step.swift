import Collectives
import Datasets
import Networks
import Objectives
import Optimizers
import Tensors

extension Learner {
  /// Moves the parameters by one batch, of which this rank holds a share (possibly none). Collective.
  /// - Throws: `LongtailError` when loss or gradient are not finite, with everything as it was before, or from the library or MPI.
  package func step(_ batch: Batch) throws -> StepReport {
    let report = try takeStep(batch)
    if let found = report.nonFinite { throw notFinite(found) }
    return report
  }

  /// Does a step, unless something about it is wrong: then everything is on every rank as it was before, and the report says why.
  /// Collective.
  ///
  /// A step that is not finite, or that a rank could not take part in, is not counted either; that is left to the caller.
  package func takeStep(_ batch: Batch, _ notice: StepNotice = StepNotice()) throws -> StepReport {
    try takeStep(batch, notice, clock: PhaseClock(communicator.progress))
  }

  /// The same with a clock that knows the phases before the step.
  func takeStep(_ batch: Batch, _ notice: StepNotice, clock given: PhaseClock) throws -> StepReport {
    var clock = given
    (requests, hasFailed) = (notice.requests, notice.hasFailed)
    let passes = try passes(for: batch)
    let context = StepContext(epoch: batch.epoch, step: stepCount, samples: batch.sampleIndices, isTraining: true)
    let reducedBefore = bytesReduced
    undo.remember()
    let loss = try gradients(batch, passes, context: context, clock: &clock)
    var report = report(on: loss, batch, notice)
    report.bytesReduced = bytesReduced - reducedBefore
    // All that is asked here is equal on all ranks, like the sums: all take the same branch.
    if control.failedRanks > 0 {
      report.isSkipped = true
      undo.undo()
    } else {
      report.gradientNorm = loss.isFinite ? clock.phase(.update) { gradientNorm } : .nan
      if report.gradientNorm.isFinite {
        try clock.phase(.update) { try update(&report, loss, batch, passes, context) }
        count(images: notice.images)
      } else {
        report.isSkipped = true
        undo.undo()
        report.nonFinite = try diagnose(loss.isFinite ? .gradient : .loss, batch, passes, context: context)
        watch.didLeaveOutNonFinite()
      }
    }
    report.phases = clock.phases
    return report
  }

  /// What is known about a step before its parameters are moved.
  private func report(on loss: StepLoss, _ batch: Batch, _ notice: StepNotice) -> StepReport {
    let result = loss.main
    var report = StepReport()
    report.step = stepCount + 1
    report.epoch = batch.epoch
    report.images = notice.images
    report.consumedSamples = consumedSamples + notice.images
    report.loss = result.loss
    report.auxiliaryLoss = loss.auxiliary
    report.validPixels = result.validPixels
    report.pixelsPerClass = result.pixelsPerClass
    report.gradientNormPerClass = result.gradientNormPerClass
    report.scalePerClass = result.scalePerClass
    report.learningRate = schedule.rate(atStep: stepCount)
    report.requests = control.requests
    report.failedRanks = control.failedRanks
    return report
  }

  /// Moves the parameters, unless the step is a spike that is to be left out.
  private func update(_ report: inout StepReport, _ loss: StepLoss, _ batch: Batch, _ passes: StepPasses, _ context: StepContext) throws {
    report.spikes = watch.spikes(loss: report.loss, gradientNorm: report.gradientNorm)
    watch.didMeasure(loss: report.loss, gradientNorm: report.gradientNorm, spikes: report.spikes.count)
    if leavesOutSpikes, !report.spikes.isEmpty {
      report.isSkipped = true
      return undo.undo()
    }
    let scale = clipping?.scale(forNorm: report.gradientNorm) ?? 1
    for part in trained { try part.update(learningRate: report.learningRate, gradientScale: scale) }
    try terms.commit(loss.sums, step: context)
    average?.follow(network.parameterSet)
    guard !followers.isEmpty else { return }
    try withInputs(batch, passes, places: loss.places) { inputs in
      let step = AcceptedStep(
        context, learningRate: report.learningRate, inputs, imagesPerImage: { [networks] in networks.imagesPerImage[$0] ?? 1 }, communicator
      )
      for follower in followers { try follower.follow(step) }
    }
  }

  /// Counts a step; also one that was left out because it was not finite, where the next one is to take the next batch.
  /// - Parameter images: those of the global batch.
  func count(images: Int) {
    stepCount += 1
    consumedSamples += images
    (sampler as? any StepwiseSampler)?.advance(to: stepCount)
  }

  func notFinite(_ found: NonFiniteReport) -> LongtailError {
    LongtailError(
      .notFinite,
      found.text(sampleName: String.init, classNames: found.pixelsPerClass.indices.map { "class \($0)" }),
      advice: NonFiniteReport.advice)
  }

  /// The norm of the gradients of all networks together.
  private var gradientNorm: Double { trained.reduce(0) { $0 + sumOfSquares(of: $1.network.gradients) }.squareRoot() }

  /// Bytes of gradients that were summed so far.
  private var bytesReduced: Int { trained.reduce(0) { $0 + $1.reduction.bytesReduced } }
}
