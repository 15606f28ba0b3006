import Tensors

/// Where single tensors lie in the flat buffers: for fingerprints of each, and for finding the one that is wrong.
extension Network {
  /// The floats of each parameter in the flat buffers, padded lanes included, in the order of the graph.
  package var parameterRegions: [(name: String, range: Range<Int>)] {
    layout.entries.map { ($0.name, $0.range) }
  }

  /// The floats of each parameter that is trained in `gradients`, padded lanes included, in the order of the graph.
  package var gradientRegions: [(name: String, range: Range<Int>)] {
    let origin = trainedSpan.lowerBound
    return layout.entries.filter { trained.contains($0.name) }.map {
      ($0.name, $0.range.lowerBound - origin..<$0.range.upperBound - origin)
    }
  }

  /// The floats of each running statistic in `runningStatisticsBuffer`, in the order of the graph.
  package var statisticRegions: [(name: String, range: Range<Int>)] {
    layout.statistics.map { ($0.name, $0.offset..<$0.offset + $0.specification.count) }
  }

  /// The floats of the parameters that training leaves as they are, in the order of the graph.
  package var frozenRegions: [(name: String, range: Range<Int>)] {
    layout.entries.filter(\.specification.isFrozen).map { ($0.name, $0.range) }
  }
}
