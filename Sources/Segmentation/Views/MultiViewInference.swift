import Configuration
import Datasets
import Images
import Networks
import Objectives
import Tasks
import Tensors

/// Class probabilities of whole images from several views of each: windows that slide over it, scales, the mirror image; and from several
/// networks.
///
/// With V views, each a scale with or without mirroring, p = 1/V sum_v resize(p_v), where p_v at a pixel is the mean of the softmax over
/// the windows that cover it. With companions p is the mean over the networks, each of which sees the image as its own run did. Softmax
/// is taken for objectives with a sigmoid for each class too: it keeps their order at a pixel.
/// Sliding windows are those of Chen et al., DeepLab (2018), section 4.1 and later toolboxes.
///
/// Cost: a forward pass for each window, and two passes over the probabilities for each view.
package final class MultiViewInference {
  private let networks: [InferenceNetwork]
  private let views: Configuration.Views
  private let temperature: Double
  private let shifter = RowShifter()

  /// Uses a network and its companions.
  /// - Parameters:
  ///   - views: the views.
  ///   - temperature: what scores are divided by before the softmax.
  package init(_ network: InferenceNetwork, views: Configuration.Views, temperature: Double = 1) {
    networks = [network] + network.companions
    self.views = views
    self.temperature = temperature
  }

  /// The probabilities of an image, which is resized first as the configuration's `data.size` says.
  /// - Parameter size: extents of the result; those of the image itself when not given.
  /// - Throws: `LongtailError` when the network cannot take a size.
  package func probabilities(of image: RGBImage, size: ImageSize? = nil) throws -> ProbabilityMap {
    let size = size ?? ImageSize(width: image.width, height: image.height)
    var total = ProbabilityMap(classes: networks[0].classNames.count, size: size)
    let weight = 1 / Float(networks.count * views.scales.count * (views.flip ? 2 : 1))
    for network in networks {
      let base = network.pipeline.prepared(image)
      for scale in views.scales {
        let (width, height) = (scaled(base.width, scale), scaled(base.height, scale))
        let view = (width, height) == (base.width, base.height) ? base : base.resized(width: width, height: height)
        total.add(try mean(of: view, network), weight: weight, mirrored: false)
        if views.flip { total.add(try mean(of: view.mirrored(), network), weight: weight, mirrored: true) }
      }
    }
    return total
  }

  private func scaled(_ extent: Int, _ scale: Double) -> Int { max(1, Int((Double(extent) * scale).rounded())) }

  /// The mean over the windows of one view, at its own size.
  private func mean(of view: RGBImage, _ network: InferenceNetwork) throws -> ProbabilityMap {
    var sums = ProbabilityMap(classes: network.classNames.count, size: ImageSize(width: view.width, height: view.height))
    guard let wanted = views.window else {
      try add(view, network, x: 0, y: 0, to: &sums)
      return sums
    }
    // What a window reaches beyond the image would be filled up, and networks that view at the whole would see the filling.
    let window = ImageSize(width: min(wanted.width, view.width), height: min(wanted.height, view.height))
    let columns = WindowPlacement.starts(extent: view.width, window: window.width, overlap: views.overlap)
    let rows = WindowPlacement.starts(extent: view.height, window: window.height, overlap: views.overlap)
    for y in rows {
      for x in columns {
        let part = view.cropped(
          x: x..<min(view.width, x + window.width), y: y..<min(view.height, y + window.height))
        try add(part, network, x: x, y: y, to: &sums)
      }
    }
    // How many windows cover a pixel is the product of how many cover its column and its row.
    func covering(_ starts: [Int], _ window: Int, _ extent: Int) -> [Float] {
      (0..<extent).map { place in Float(starts.count { $0 <= place && place < $0 + window }) }
    }
    let (across, down) = (covering(columns, window.width, view.width), covering(rows, window.height, view.height))
    sums.scale(by: down.flatMap { vertical in across.map { 1 / ($0 * vertical) } })
    return sums
  }

  private func add(_ part: RGBImage, _ network: InferenceNetwork, x: Int, y: Int, to sums: inout ProbabilityMap) throws {
    let (plan, padded) = try network.forward(part)
    let logits = try plan.logits()
    if let offsets = network.offsets { try shifter.add(offsets, to: logits) }
    let window = ImageSize(width: part.width, height: part.height)
    sums.addSoftmax(logits, columns: padded.width, window: window, x: x, y: y, temperature: temperature)
  }
}
