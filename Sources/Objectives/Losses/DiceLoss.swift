import Tensors

/// Dice loss: the mean over the classes of 1 - (2 sum p_k y_k + s) / (sum p_k^e + sum y_k + s), with p the softmax of the logits.
///
/// Sums are over the valid pixels of each image, and the loss is the mean over all images of the global batch that have any;
/// or they are over the whole global batch, whose 3C sums are then prepared. Evaluation of the latter takes the split as one batch.
///
/// Settings:
/// - `extent`: `image` (default) or `batch`.
/// - `smooth`: s, default 1.
/// - `exponent`: e, 2 (default) or 1.
/// - `classes`: `all` (default), or `present`: those that the image or the batch shows.
///
/// Source: Milletari, Navab, Ahmadi, 3DV 2016, arXiv:1606.04797.
enum DiceLoss {
  static let entry = ObjectiveRegistry.Entry(name: "dice", summary: "one minus the overlap of prediction and label, the mean over classes")
  {
    settings, context in
    let extent = try settings.choice("extent", default: DiceObjective.Extent.image)
    let members = try settings.choice("classes", default: DiceObjective.Members.all)
    let smooth = try settings.number("smooth", default: 1, in: 0...1e9)
    let exponent = try settings.number("exponent", default: 2, in: 1...2)
    guard exponent == 1 || exponent == 2 else { throw settings.wrong("exponent", .double(exponent), "1 or 2") }
    return DiceObjective(
      name: settings.objective, classes: context.classes, extent: extent, members: members, smooth: smooth, exponent: exponent)
  }
}
