import Settings

/// Balanced Softmax: cross-entropy on z_k + log n_k, with n_k the labelled pixels of class k in the training split, at least 1.
///
/// Logit adjustment with temperature 1. A column of `background` keeps its logit.
/// Source: Ren et al., NeurIPS 2020, arXiv:2007.10740.
enum BalancedSoftmax {
  static let entry = ObjectiveRegistry.Entry(
    "balancedSoftmax", summary: "cross-entropy on logits plus the logarithm of class counts",
    about:
      "The prior of the classes is put into the training logits, so that the network need not learn it: rare classes are predicted more often.",
    source: "Ren, Yu, Sheng, Ma, Zhao, Yi, Li, NeurIPS 2020, arXiv:2007.10740", settings: ColumnSettings()
  ) { try LogitAdjustment.make("balancedSoftmax", $0, $1, strength: 1) }
}
