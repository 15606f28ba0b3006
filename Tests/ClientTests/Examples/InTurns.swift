import Longtail

/// Shows a part of the samples in each epoch, another one in the next, until all have been shown.
struct InTurns: Sampler {
  struct Settings: Section {
    var epochs = 2
    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("epochs", &epochs, "how many epochs show all samples once", .between(1, 1000))
    }
  }

  static let entry = SamplerEntry(
    RegistryEntry("inTurns", summary: "another part of the samples in each epoch", about: "For very large data.", settings: Settings()) {
      settings, context in InTurns(sampleCount: context.sampleCount, epochs: settings.epochs)
    }, needsClasses: false)

  let sampleCount: Int
  let epochs: Int

  var epochLength: Int { max(1, sampleCount / epochs) }
  var changesOverEpochs: Bool { true }

  func samples(epoch: Int) -> [Int] { (0..<epochLength).map { ($0 * epochs + epoch % epochs) % sampleCount } }

  func expectedCopies(epoch: Int) -> [Double] {
    samples(epoch: epoch).reduce(into: [Double](repeating: 0, count: sampleCount)) { $0[$1] += 1 }
  }
}
