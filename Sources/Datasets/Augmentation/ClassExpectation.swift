/// How often the network is expected to see each class, in shares of the views: what samplers, copy-paste and mixes together come to.
package struct ClassExpectation: Sendable, Equatable {
  /// The share of the samples that show each class.
  package var samples: [Double]
  /// The share of the samples drawn that do.
  package var drawn: [Double]
  /// The share of the views that do once cut-outs are pasted; nil without.
  package var pasted: [Double]?
  /// The share of CutMix's partners that show the class; nil without.
  package var cutMix: [Double]?
  /// The share of mixup's partners that show the class; nil without.
  package var mixup: [Double]?
}

extension AugmentationPipeline {
  /// The expectation for a sampler.
  ///
  /// Exact where views show whole images; crops lose classes, which copy-paste then gives back, and class crops keep those that they are
  /// for.
  /// - Parameters:
  ///   - sampler: in its first epoch.
  ///   - classes: of each training sample.
  package func expectation(sampler: any Sampler, classes: SampleClasses) -> ClassExpectation {
    let copies = sampler.expectedCopies(epoch: 0)
    var result = ClassExpectation(
      samples: ClassFrequencies(copies: [Double](repeating: 1, count: classes.count), classes: classes).shareOfSamples,
      drawn: ClassFrequencies(copies: copies, classes: classes).shareOfSamples)
    guard let tables else { return result }
    result.pasted = copyPaste?.expectedShares(rare: tables.rare, classes: classes, copies: copies).with
    result.cutMix = mixing.cutMix.map { ClassMixing.expectedShares($0, tables.cutMix) }
    result.mixup = mixing.mixup.map { ClassMixing.expectedShares($0, tables.mixup) }
    return result
  }
}
