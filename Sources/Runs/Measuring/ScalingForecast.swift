import Reports
import Tensors
import Training

/// Predictions for several numbers of ranks, with what they rest on, as `longtail plan` prints them.
package struct ScalingForecast: Sendable {
  /// The model with what was measured.
  package var model: ScalingModel
  /// One for each number of ranks.
  package var predictions: [ScalingPrediction]
  /// Compute threads of each rank.
  package var threads: Int
  /// The name of the configuration.
  package var name: String

  /// Predicts.
  /// - Parameters:
  ///   - ranks: the numbers of ranks, each at least 1.
  ///   - globalBatch: images of a step for this many ranks.
  package init(_ model: ScalingModel, ranks: [Int], threads: Int, name: String, globalBatch: (Int) -> Int) {
    self.model = model
    (self.threads, self.name) = (threads, name)
    predictions = ranks.map { model.prediction(ranks: $0, globalBatch: globalBatch($0)) }
  }

  /// The predictions as a table, with what they rest on above and what they leave out below.
  package var text: String {
    let (step, node, network) = (model.step, model.node, model.network)
    func milliseconds(_ seconds: Double) -> String { Formatting.significant(seconds * 1e3, 4) }
    let measured = step.imageSeconds.sorted { $0.key < $1.key }
      .map { "\(Formatting.plural($0.key, "image")) \(milliseconds($0.value)) ms" }.joined(separator: ", ")
    var lines = [
      "\(name): a step of \(measured), update \(milliseconds(step.updateSeconds)) ms; \(Formatting.plural(threads, "thread")) a rank",
      "gradients \(Formatting.bytes(step.gradientBytes)); \(Formatting.plural(step.packedCounts.count, "packed vector")) a step",
      "\(Formatting.plural(node.ranks, "rank")) a node; copies \(Formatting.significant(node.copyRate * 1e-9, 3)) GB/s in a rank, "
        + "\(Formatting.significant(node.totalCopyRate * 1e-9, 3)) GB/s in all",
      "network \(Formatting.significant(network.bitsPerSecond * 1e-9, 3)) Gbit/s, latency "
        + "\(Formatting.significant(network.latency * 1e6, 3)) us" + (network.wireShare < 1 ? ", bfloat16 on the wire" : ""), "",
    ]
    var table = TextTable(
      columns: [
        "ranks", "nodes", "batch", "images/rank", "step ms", "compute", "node", "network", "packed", "images/s", "efficiency",
        "memory/rank",
      ].map { .init($0, isNumeric: true) } + [.init("limited by")])
    for prediction in predictions {
      table.append([
        Formatting.count(prediction.ranks), Formatting.count(prediction.nodes), Formatting.count(prediction.globalBatch),
        Formatting.count(prediction.imagesPerRank), milliseconds(prediction.seconds), milliseconds(prediction.compute),
        milliseconds(prediction.node), milliseconds(prediction.network), milliseconds(prediction.packed),
        Formatting.significant(prediction.imagesPerSecond, 4), Formatting.decimals(prediction.efficiency, 3),
        Formatting.bytes(prediction.memory), prediction.limit.description,
      ])
    }
    lines += table.lines
    lines += [
      "",
      "Columns from compute to packed are milliseconds of a step. Not counted: waiting for data or for slower machines, congestion, and "
        + "memory that ranks of a node share, unless --step is of a run with all of them.", "",
    ]
    return lines.joined(separator: "\n")
  }

  /// The whole result, times in milliseconds.
  package var json: JSONValue {
    let (step, node, network) = (model.step, model.node, model.network)
    return .members([
      "plan": .string(name), "longtail": .string(Versions.longtail), "threads": .int(threads),
      "step": .members([
        "imageMilliseconds": .object(
          step.imageSeconds.sorted { $0.key < $1.key }.map { .init(String($0.key), .double($0.value * 1e3)) }),
        "updateMilliseconds": .double(step.updateSeconds * 1e3), "gradientBytes": .int(step.gradientBytes),
        "packedCounts": .array(step.packedCounts.map(JSONValue.int)), "fixedMemoryBytes": .int(step.fixedMemory),
        "memoryBytesPerImage": .int(step.memoryPerImage),
      ]),
      "node": .members([
        "ranks": .int(node.ranks), "copyBytesPerSecond": .double(node.copyRate), "totalCopyBytesPerSecond": .double(node.totalCopyRate),
        "barrierMicroseconds": .double(node.barrierSeconds * 1e6),
      ]),
      "network": .members([
        "bitsPerSecond": .double(network.bitsPerSecond), "latencyMicroseconds": .double(network.latency * 1e6),
        "efficiency": .double(network.efficiency), "wireShare": .double(network.wireShare),
      ]),
      "predictions": .array(
        predictions.map {
          .members([
            "ranks": .int($0.ranks), "nodes": .int($0.nodes), "globalBatch": .int($0.globalBatch), "imagesPerRank": .int($0.imagesPerRank),
            "stepMilliseconds": .double($0.seconds * 1e3), "computeMilliseconds": .double($0.compute * 1e3),
            "nodeMilliseconds": .double($0.node * 1e3), "networkMilliseconds": .double($0.network * 1e3),
            "packedMilliseconds": .double($0.packed * 1e3), "imagesPerSecond": .double($0.imagesPerSecond),
            "efficiency": .double($0.efficiency), "memoryBytes": .int($0.memory), "limit": .string($0.limit.rawValue),
          ])
        }),
    ])
  }
}
