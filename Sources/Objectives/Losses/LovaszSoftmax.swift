/// Lovász-softmax: the Jaccard loss of each class, extended to probabilities so that it has a gradient; per image.
///
/// For an image and class the pixels' errors |[y = k] - p_k| are sorted and weighted by the steps of the Jaccard loss, see `LovaszExtension`;
/// the loss is the mean over the image's classes, and over all images of the global batch that have a valid pixel.
///
/// Settings:
/// - `classes`: `present` (default), those that the image shows, or `all`.
///
/// Source: Berman, Rannen Triki, Blaschko, CVPR 2018, arXiv:1705.08790.
enum LovaszSoftmax {
  private enum Members: String, CaseIterable { case present, all }

  static let entry = ObjectiveRegistry.Entry(name: "lovaszSoftmax", summary: "the intersection over union itself, made differentiable") {
    settings, context in
    let members = try settings.choice("classes", default: Members.present)
    return LovaszObjective(name: settings.objective, classes: context.classes, countsAbsent: members == .all)
  }
}
