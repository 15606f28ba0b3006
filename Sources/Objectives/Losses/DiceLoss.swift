import Settings
import Tensors

/// Dice loss: the mean over the classes of 1 - (2 sum p_k y_k + s) / (sum p_k^e + sum y_k + s), with p the softmax of the logits.
///
/// Sums are over the valid pixels of each image, and the loss is the mean over all images of the global batch that have any;
/// or they are over the whole global batch, whose 3C sums are then prepared. Evaluation of the latter takes the split as one batch.
///
/// Source: Milletari, Navab, Ahmadi, 3DV 2016, arXiv:1606.04797.
enum DiceLoss {
  struct Settings: Section {
    var extent = DiceObjective.Extent.image
    var smooth = 1.0
    var exponent = 2.0
    var members = DiceObjective.Members.all

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("extent", &extent, "the area that an overlap is counted over: each image, or the whole global batch")
      visitor.key("smooth", &smooth, "s, added to both areas so that an absent class is defined", .between(0, 1e9))
      visitor.key("exponent", &exponent, "e of the probabilities in the denominator", .oneOf([1, 2]))
      visitor.key("classes", &members, "the classes that are averaged: all, or those that the image (batch) shows")
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "dice", summary: "one minus the overlap of prediction and label, the mean over classes",
    about: "Classes count by their overlap, not by their pixels: each has the same share of the loss.",
    source: "Milletari, Navab, Ahmadi, 3DV 2016, arXiv:1606.04797", settings: Settings()
  ) { settings, context in
    DiceObjective(
      name: "dice", classes: context.classes, extent: settings.extent, members: settings.members, smooth: settings.smooth,
      exponent: settings.exponent)
  }
}
