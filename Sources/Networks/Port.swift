import Tensors

/// The name of an activation that others read, or give a gradient to: `logits`, `features`, `auxiliary.0`, `p3.boxes`.
public struct Port: Hashable, Sendable, CustomStringConvertible {
  /// The name.
  public let name: String

  /// Names an activation.
  public init(_ name: String) { self.name = name }

  /// The class scores.
  public static let logits = Port("logits")
  /// What the classifier reads; in networks that classify images the mean of each channel, one row an image.
  public static let features = Port("features")
  /// The last activation with positions, of networks that classify images: what the features are the mean of.
  public static let featureMap = Port("featureMap")
  /// The class scores of a further classifier that reads what the first one reads; that of the logits has number 0.
  public static func logits(_ index: Int) -> Port { index == 0 ? .logits : Port("logits.\(index)") }
  /// What a projection makes of the features: for contrast, and for the comparison with a teacher.
  public static let projection = Port("projection")
  /// The class scores of an auxiliary head.
  public static func auxiliary(_ index: Int) -> Port { Port("auxiliary.\(index)") }

  /// The name.
  public var description: String { name }
}

/// What a plan does with a port.
public enum PortUse: Hashable, Sendable {
  /// It is read after the forward pass.
  case values
  /// It is read, and its gradient is given before the backward pass.
  case gradient
}

/// The rows of a port: one for each position of each image.
public struct PortRows {
  /// Where the numbers lie after the forward pass.
  public internal(set) var values: RowsView
  /// Where their gradient has to be before the backward pass, all of it. Padded lanes are zero and must stay so. Nil where none is given.
  public let gradient: RowsView?
}

extension Network {
  /// The network's input as rows, one for each position of each image, in memory that begins at the first float of a buffer.
  package func inputRows(_ buffer: HostBuffer, images: Int, height: Int, width: Int) -> RowsView {
    inputRows(buffer, offset: 0, images: images, positions: height * width)
  }

  /// The gradient of the input of a plan after its backward pass, as rows like those of the input.
  /// - Throws: `LongtailError` where the plan was not asked for it.
  package func inputGradientRows(_ plan: Plan) throws -> RowsView {
    guard let region = try plan.inputGradient() else {
      throw LongtailError(.internalError, "the plan computes no gradient of its input")
    }
    return inputRows(region.buffer, offset: region.offset, images: plan.images, positions: plan.shape.height * plan.shape.width)
  }

  private func inputRows(_ buffer: HostBuffer, offset: Int, images: Int, positions: Int) -> RowsView {
    switch graph.inputOrder {
    case .planes:
      .planes(buffer: buffer, offset: offset, images: images, rowsPerImage: positions, classes: graph.inputChannels)
    case .channelBlocks:
      .blocked(
        buffer: buffer, offset: offset, images: images, rowsPerImage: positions, classes: graph.inputChannels, blockSize: channelBlock)
    }
  }
}
