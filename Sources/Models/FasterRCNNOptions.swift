import Networks
import Settings
import Tensors

/// What may differ from torchvision's Faster R-CNN, so that a processor can train it: widths, rows, proposals, anchors.
///
/// The network, its training and its prediction all read these numbers, which is why they are settings of the model.
public struct FasterRCNNOptions: Sendable, Hashable {
  /// Channels of the backbone's first stage; 64 is the published network. Each stage has twice as many as the one before.
  public var backboneWidth = 64
  /// Channels of the pyramid's levels.
  public var pyramidChannels = 256
  /// Width of the second stage's two layers.
  public var headWidth = 1024
  /// Rows and columns of what is read of a region.
  public var pooledSize = 7
  /// Sides of square anchors in pixels, one for each of the five levels, the finest first.
  public var anchorSizes: [Double] = [32, 64, 128, 256, 512]
  /// Height over width of the anchors of a cell.
  public var anchorRatios: [Double] = [0.5, 1, 2]
  /// The side of a square region that is read from the level with stride 16; larger ones are read from coarser levels.
  public var canonicalSize = 224.0
  /// Anchors of an image that train the first stage.
  public var anchorSamples = 256
  /// Regions of an image that train the second stage.
  public var rows = 512
  /// The largest share of them that shows objects.
  public var foregroundShare = 0.25
  /// Proposals of an image in training, and of each level before suppression.
  public var trainingProposals = 2000
  /// The same in prediction.
  public var proposals = 1000
  /// What an object's score has to be above.
  public var scoreThreshold = 0.05
  /// The most objects of an image.
  public var detections = 100
  /// What the shorter side of an image becomes, unless the longer one would exceed `longerSide`; nil fills the canvas.
  public var shorterSide: Int?
  /// The longest side of an image; nil for that of the canvas.
  public var longerSide: Int?

  /// torchvision's.
  public init() {}

  /// Anchors of a cell.
  public var anchorsPerCell: Int { anchorRatios.count }
}

extension FasterRCNNOptions: Section {
  /// Shows every key.
  public mutating func visit(_ visitor: inout some KeyVisitor) {
    visitor.key(
      "backboneWidth", &backboneWidth, "channels of the backbone's first stage; 64 is the published network, which weights are for",
      .between(8, 256), .multipleOfEight)
    visitor.key("pyramidChannels", &pyramidChannels, "channels of the pyramid's levels", .between(8, 1024), .multipleOfEight)
    visitor.key("headWidth", &headWidth, "width of the second stage's two layers", .between(8, 8192), .multipleOfEight)
    visitor.key("pooledSize", &pooledSize, "rows and columns of what is read of a region", .between(1, 32))
    visitor.key(
      "anchorSizes", &anchorSizes, "sides of square anchors in pixels, one for each of the five levels, the finest first",
      .count(5, "one for each level"), .each(.between(1, 4096)))
    visitor.key("anchorRatios", &anchorRatios, "height over width of the anchors of a cell", .each(.between(0.05, 20)))
    visitor.key(
      "canonicalSize", &canonicalSize, "side in pixels of a square region that is read at stride 16; make it smaller for small images",
      .between(8, 4096))
    visitor.key("anchorSamples", &anchorSamples, "anchors of an image that train the first stage", .between(1, 65_536))
    visitor.key("rows", &rows, "regions of an image that train the second stage", .between(1, 65_536))
    visitor.key("foregroundShare", &foregroundShare, "the largest share of them that shows objects", .between(0, 1))
    visitor.key("trainingProposals", &trainingProposals, "proposals of an image, and of each level, in training", .between(1, 100_000))
    visitor.key("proposals", &proposals, "proposals of an image, and of each level, in prediction", .between(1, 100_000))
    visitor.key(
      "scoreThreshold", &scoreThreshold, "what an object's score has to be above; 0.0001 for LVIS", .between(0, below: 1))
    visitor.key("detections", &detections, "the most objects of an image; 300 for LVIS", .between(1, 100_000))
    visitor.optionalKey(
      "shorterSide", &shorterSide,
      "what the shorter side of an image becomes, unless the longer one exceeds longerSide; without it images fill data.size, the canvas",
      .between(1, 65_536))
    visitor.optionalKey("longerSide", &longerSide, "the longest side of an image; that of the canvas when not given", .between(1, 65_536))
  }

  /// What does not fit together.
  public func contradictions() -> [Contradiction] {
    guard let shorterSide, let longerSide, shorterSide > longerSide else { return [] }
    return [Contradiction("shorterSide", "\(shorterSide) is more than longerSide, \(longerSide)")]
  }
}

extension Check where Value == Int {
  /// What the fast kernels need.
  fileprivate static var multipleOfEight: Check {
    Check(range: "in blocks of 8") { $0 % 8 == 0 ? nil : "it must be a multiple of 8" }
  }
}
