import Images
import Kernels
import Models
import Networks
import Objectives
import Tasks
import Tensors

/// Predicts with both stages, image by image: proposals, what they show of the pyramid, the second stage, the objects.
///
/// The second stage sees as many rows as an image may have proposals, whatever it has: one plan serves all images. Memory is kept from
/// image to image. Results depend on no number of threads.
package final class DetectorInference {
  private let detector: Detector
  private let proposalSelector = ProposalSelector()
  private let selector = PredictionSelector()
  private let shifter = RowShifter()
  private var proposals: [ScoredBox] = []
  private var boxes: [CornerBox] = []
  private var regions: [RegionAlignment.Region] = []
  private var predictions: [Prediction] = []
  private var prepared: (images: Int, size: ImageSize, grid: AnchorGrid, pooling: RegionPooling)?

  /// For a detector.
  package init(_ detector: Detector) { self.detector = detector }

  /// The objects of an image of a batch, by falling score, in pixels of the input.
  /// - Parameters:
  ///   - outputs: what the first stage has computed.
  ///   - image: the image in the batch.
  ///   - input: the size of the network's input.
  ///   - size: columns and rows that the image covers.
  /// - Throws: `LongtailError` for a network that is no such detector.
  package func predictions(
    _ outputs: NetworkOutputs, image: Int, input: ImageSize, size: (width: Int, height: Int)
  ) throws -> [Prediction] {
    let levels = try outputs.pyramid
    let (scores, codes) = (try outputs.rows(.objectness), try outputs.rows(.anchorCodes))
    let rows = detector.options.proposals
    let prepared = try prepare(levels, input)
    try proposalSelector.select(
      scores: [scores], codes: [codes], grid: prepared.grid, image: image, size: size,
      settings: ProposalSelector.Settings(perLevel: rows, count: rows), into: &proposals)
    boxes.removeAll(keepingCapacity: true)
    regions.removeAll(keepingCapacity: true)
    for proposal in proposals {
      boxes.append(proposal.box)
      regions.append(detector.levels.region(proposal.box, image: image))
    }
    while regions.count < rows { regions.append(.absent) }
    let found = try outputs.run(Continuation.regions, images: rows) { input in
      try regions.withUnsafeBufferPointer { try prepared.pooling.forward(levels, $0, into: input) }
    }
    let logits = try found.rows(.logits)
    if let offsets = outputs.offsets { try shifter.add(offsets, to: logits) }
    try selector.select(
      logits: logits, rule: detector.scores, codes: try found.rows(.regionCodes), columns: detector.codeColumns, proposals: boxes,
      size: size, settings: detector.selection, into: &predictions)
    return predictions
  }

  /// Anchors and pooling of a batch's shape.
  private func prepare(_ levels: [RowsView], _ input: ImageSize) throws -> (grid: AnchorGrid, pooling: RegionPooling) {
    if let prepared, prepared.images == levels[0].images, prepared.size == input { return (prepared.grid, prepared.pooling) }
    let grid = prepared.flatMap { $0.size == input ? $0.grid : nil } ?? detector.grid(input)
    let pooling = try detector.pooling(levels, input: input, rows: detector.options.proposals)
    prepared = (levels[0].images, input, grid, pooling)
    return (grid, pooling)
  }
}

extension NetworkOutputs {
  /// The levels of the pyramid, the finest first.
  package var pyramid: [RowsView] {
    get throws {
      // Over `map` the optimizer of Swift 6.2.3 ends with an internal error.
      var levels: [RowsView] = []
      for level in 2...5 { levels.append(try rows(.pyramid(level))) }
      return levels
    }
  }
}
