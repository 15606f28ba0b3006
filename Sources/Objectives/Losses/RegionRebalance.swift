import Foundation
import Settings

/// Region rebalancing: Balanced Softmax over regions in place of pixels. A region is all pixels of one class in one image.
///
/// With z_r the mean of the logits over the pixels of region r, c its class and m_k the training images that show class k, at least 1,
///
///     L = mean over the regions of the global batch of -log softmax(z_r + t log m)_c
///     dL/dz of a pixel of region r = (softmax(z_r + t log m) - onehot(c)) / (pixels of r * number of regions)
///
/// A region counts once, whether it has ten pixels or a million, and m is how often regions of a class occur. The paper averages features
/// and gives regions a classifier of their own. Here they share the network's: a linear classifier of mean features gives mean logits, so
/// nothing is added to the network, and both losses act on the same weights.
///
/// Source: Cui, Yuan, Zhong, Tian, Hu, Lin, Jia, 2022, arXiv:2204.01969.
enum RegionRebalance {
  struct Settings: Section {
    var temperature = 1.0

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("temperature", &temperature, "t, the strength of the prior; 0 leaves it out", .between(0, 100))
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "regionRebalance", summary: "balanced softmax over regions: one for each class and image",
    about: "A small object counts as much as a road. Meant as an auxiliary term: add it to a loss of pixels, in a weighted sum.",
    source: "Cui, Yuan, Zhong, Tian, Hu, Lin, Jia, 2022, arXiv:2204.01969", settings: Settings()
  ) { settings, context in
    let images = try context.imageCounts(for: "regionRebalance").perClass
    return RegionRebalanceObjective(
      name: "regionRebalance", classes: context.classes, offsets: images.map { settings.temperature * log(max(1, $0)) })
  }
}
