import Configuration
import Datasets
import Images
import Networks
import Objectives
import Tasks
import Tensors

/// Class probabilities of whole images from several looks at each: windows that slide over it, scales, the mirror image.
///
/// With V looks, each a scale with or without mirroring, p = 1/V sum_v resize(p_v), where p_v at a pixel is the mean of the softmax over
/// the windows that cover it. Softmax is taken for objectives with a sigmoid for each class too: it keeps their order at a pixel.
/// Sliding windows are those of Chen et al., DeepLab (2018), section 4.1 and later toolboxes.
///
/// Cost: a forward pass for each window, and two passes over the probabilities for each look.
public final class MultiViewInference {
  private let network: InferenceNetwork
  private let views: Configuration.Views
  private let shifter = RowShifter()

  /// Uses a network.
  /// - Parameter views: the looks.
  public init(_ network: InferenceNetwork, views: Configuration.Views) {
    self.network = network
    self.views = views
  }

  /// The probabilities of an image, which is resized first as the configuration's `data.size` says.
  /// - Parameter size: extents of the result; those of the image itself when not given.
  /// - Throws: `LongtailError` when the network cannot take a size.
  public func probabilities(of image: RGBImage, size: ImageSize? = nil) throws -> ProbabilityMap {
    let size = size ?? ImageSize(width: image.width, height: image.height)
    let base = network.pipeline.prepared(image)
    var total = ProbabilityMap(classes: network.classNames.count, size: size)
    let weight = 1 / Float(views.scales.count * (views.flip ? 2 : 1))
    for scale in views.scales {
      let (width, height) = (scaled(base.width, scale), scaled(base.height, scale))
      let look = (width, height) == (base.width, base.height) ? base : base.resized(width: width, height: height)
      total.add(try mean(of: look), weight: weight, mirrored: false)
      if views.flip { total.add(try mean(of: look.mirrored()), weight: weight, mirrored: true) }
    }
    return total
  }

  private func scaled(_ extent: Int, _ scale: Double) -> Int { max(1, Int((Double(extent) * scale).rounded())) }

  /// The mean over the windows of one look, at its own size.
  private func mean(of look: RGBImage) throws -> ProbabilityMap {
    var sums = ProbabilityMap(classes: network.classNames.count, size: ImageSize(width: look.width, height: look.height))
    guard let wanted = views.window else {
      try add(look, x: 0, y: 0, to: &sums)
      return sums
    }
    // What a window reaches beyond the image would be filled up, and networks that look at the whole would see the filling.
    let window = ImageSize(width: min(wanted.width, look.width), height: min(wanted.height, look.height))
    let columns = WindowPlacement.starts(extent: look.width, window: window.width, overlap: views.overlap)
    let rows = WindowPlacement.starts(extent: look.height, window: window.height, overlap: views.overlap)
    for y in rows {
      for x in columns {
        let part = look.cropped(
          x: x..<min(look.width, x + window.width), y: y..<min(look.height, y + window.height))
        try add(part, x: x, y: y, to: &sums)
      }
    }
    // How many windows cover a pixel is the product of how many cover its column and its row.
    func covering(_ starts: [Int], _ window: Int, _ extent: Int) -> [Float] {
      (0..<extent).map { place in Float(starts.count { $0 <= place && place < $0 + window }) }
    }
    let (across, down) = (covering(columns, window.width, look.width), covering(rows, window.height, look.height))
    sums.scale(by: down.flatMap { vertical in across.map { 1 / ($0 * vertical) } })
    return sums
  }

  private func add(_ part: RGBImage, x: Int, y: Int, to sums: inout ProbabilityMap) throws {
    let (plan, padded) = try network.forward(part)
    let logits = try plan.logits()
    if let offsets = network.offsets { try shifter.add(offsets, to: logits) }
    sums.addSoftmax(logits, columns: padded.width, window: ImageSize(width: part.width, height: part.height), x: x, y: y)
  }
}
