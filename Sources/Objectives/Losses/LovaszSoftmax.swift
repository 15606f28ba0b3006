import Settings

/// Lovász-softmax: the Jaccard loss of each class, extended to probabilities so that it has a gradient; per image.
///
/// For an image and class the pixels' errors |[y = k] - p_k| are sorted and weighted by the steps of the Jaccard loss, see
/// `LovaszExtension`; the loss is the mean over the image's classes, and over all images of the global batch that have a valid pixel.
///
/// Source: Berman, Rannen Triki, Blaschko, CVPR 2018, arXiv:1705.08790.
enum LovaszSoftmax {
  /// The classes that are averaged.
  enum Members: String, Choice { case present, all }

  struct Settings: Section {
    var members = Members.present

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("classes", &members, "the classes that are averaged: those that the image shows, or all")
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "lovaszSoftmax", summary: "the intersection over union itself, made differentiable",
    about: "The loss is the intersection over union, extended to probabilities; small objects count as much as large ones.",
    source: "Berman, Rannen Triki, Blaschko, CVPR 2018, arXiv:1705.08790", settings: Settings()
  ) { LovaszObjective(name: "lovaszSoftmax", classes: $1.classes, countsAbsent: $0.members == .all) }
}
