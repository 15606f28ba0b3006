import Reports
import Training

extension StepBenchmarkReport {
  /// The whole result, times in milliseconds, sizes in bytes.
  package var json: JSONValue {
    let configuration = options.configuration
    func milliseconds(_ seconds: Double) -> JSONValue { .double(seconds * 1e3) }
    func texts(_ list: [String]) -> JSONValue { .array(list.map(JSONValue.string)) }
    func overRanks(_ list: [Int]) -> JSONValue { .members(["sum": .int(list.reduce(0, +)), "maximum": .int(list.max() ?? 0)]) }
    return .members([
      "benchmark": .string("step"), "model": .string(configuration.model.name), "width": .int(configuration.model.width),
      "classes": .int(options.classes), "size": .members(["width": .int(options.size.width), "height": .int(options.size.height)]),
      "batch": .int(configuration.training.globalBatch), "objective": .string(configuration.objective.name),
      "optimizer": .string(configuration.optimizer.name), "batchNorm": .string(configuration.model.batchNorm.rawValue),
      "ranks": .int(ranks), "threads": .int(threads), "steps": .int(steps.count), "warmup": .int(options.warmup),
      "longtail": .string(Versions.longtail), "oneDNN": .string(oneDNN), "instructionSet": .string(instructionSet),
      "reduction": .string(reduction), "imagesPerSecond": .double(imagesPerSecond),
      "stepMilliseconds": .members([
        "median": milliseconds(medianStep), "minimum": milliseconds(minimumStep), "mean": milliseconds(meanStep),
        "maximum": milliseconds(maximumStep), "all": .array(steps.map(milliseconds)),
      ]),
      "phases": .object(phases.map { .init($0.name, milliseconds($0.seconds)) }),
      "layerKinds": .object(
        layerKinds.map { .init($0.kind, .members(["forward": milliseconds($0.forward), "backward": milliseconds($0.backward)])) }),
      "parts": .object(
        parts.map { .init($0.kind, .members(["forward": milliseconds($0.forward), "backward": milliseconds($0.backward)])) }),
      "convolutionMilliseconds": milliseconds(convolutions), "setupMilliseconds": milliseconds(setup),
      "parameterCount": .int(parameterCount), "parameterBytes": .int(parameterBytes), "arenaBytes": .int(arenaBytes),
      "arenaLowerBoundBytes": .int(plan.arenaLowerBound), "peakResidentBytes": overRanks(peakResidentBytes),
      "residentBytes": overRanks(residentBytes), "pageFaultsPerStep": .double(pageFaultsPerStep),
      "allocationsPerStep": .number(allocationsPerStep), "allocatedBytesPerStep": .number(allocatedBytesPerStep),
      "heapBytesGrownPerStep": .number(heapBytesGrownPerStep), "firstLoss": .double(firstLoss), "lastLoss": .double(lastLoss),
      "parameterDigestBefore": .string(digestBefore), "parameterDigestAfter": .string(digestAfter),
      "parameterDigestChanged": .bool(digestBefore != digestAfter), "copyCount": .int(plan.copies.count), "copies": texts(plan.copies),
      "weightReorderCount": .int(plan.weightReorders.count), "weightReorders": texts(plan.weightReorders),
      "activationReorderCount": .int(plan.activationReorders.count), "activationReorders": texts(plan.activationReorders),
      "algorithms": .object(
        algorithms.map { .init($0.layer, .object($0.passes.map { .init($0.pass, .string($0.algorithm)) })) }),
      "kernels": .array(
        plan.kernels.map {
          .members([
            "layer": .string($0.layer), "kind": .string($0.kind), "pass": .string($0.pass.rawValue),
            "implementation": .string($0.implementation),
          ])
        }),
    ])
  }
}
