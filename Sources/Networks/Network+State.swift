import Kernels
import Tensors

/// The flat buffers as named tensors: what saves, compares and sends them sees no layout.
extension Network {
  /// The parameters in `parameters`, and whatever lies in another buffer of the same layout, in the order of the graph.
  package var parameterTensors: [FlatTensor] {
    layout.entries.map { entry in
      FlatTensor(
        name: entry.name, shape: entry.specification.shape, range: entry.range,
        read: { [self] in try canonicalValues(of: entry, in: $0) }, write: { [self] in try write($0, to: entry, in: $1) })
    }
  }

  /// The parameters that are trained, in `gradients` and whatever lies in another buffer of that layout, in the order of the graph.
  package var trainedTensors: [FlatTensor] {
    let origin = trainedSpan.lowerBound
    return layout.entries.filter { trained.contains($0.name) }.map { entry in
      FlatTensor(
        name: entry.name, shape: entry.specification.shape,
        range: entry.range.lowerBound - origin..<entry.range.upperBound - origin,
        read: { [self] in try canonicalValues(of: entry, in: $0, from: origin) },
        write: { [self] in try write($0, to: entry, in: $1, from: origin) })
    }
  }

  /// The running means and variances in `runningStatisticsBuffer`, in the order of the graph.
  package var statisticTensors: [FlatTensor] {
    layout.statistics.map { FlatTensor(name: $0.name, shape: [$0.specification.count], offset: $0.offset) }
  }
}
