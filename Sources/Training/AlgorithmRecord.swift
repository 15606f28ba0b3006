import Checkpoints
import Collectives
import Configuration
import Networks
import Tensors

extension AlgorithmRecord {
  /// Describes a plan's choices.
  /// - Parameter record: where choices came from that were known before, such as `the checkpoint`; nil where there were none.
  init(_ algorithms: Configuration.Engine.Algorithms, _ report: PlanReport, record: String?) {
    let own = AlgorithmRecord.source(algorithms)
    let isRecorded = algorithms != .direct && record != nil
    self.init(source: isRecorded ? "\(record ?? ""), then \(own)" : own, digest: report.algorithmDigest)
  }

  /// `model 3f0c…`, `measured` or `direct`.
  static func source(_ algorithms: Configuration.Engine.Algorithms) -> String {
    algorithms == .model ? "model \(AlgorithmModel.digest)" : algorithms.rawValue
  }

  /// What measuring is worth: what a step's convolutions take, and what they would take with the model's algorithms. Nil where nothing was
  /// measured.
  static func gain(_ report: PlanReport) -> String? {
    let (own, model) = (report.convolutionMilliseconds, report.modelMilliseconds)
    guard own > 0 else { return nil }
    func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
    let less = (1 - own / model) * 100
    let comparison = abs(less) < 0.05 ? "as much as" : "\(tenths(abs(less))) % \(less > 0 ? "less than" : "more than")"
    return "measured algorithms: a step's convolutions that have a choice take \(tenths(own)) ms, \(comparison) with those of the model"
  }
}
