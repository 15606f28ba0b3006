/// Balanced Softmax: cross-entropy on z_k + log n_k, with n_k the labelled pixels of class k in the training split, at least 1.
///
/// Logit adjustment with temperature 1. Settings: `background`, the index of a column that keeps its logit (default none); `adaptation` and
/// `homogenization` with their companions (default none).
/// Source: Ren et al., NeurIPS 2020, arXiv:2007.10740.
enum BalancedSoftmax {
  static let entry = ObjectiveRegistry.Entry(
    name: "balancedSoftmax", summary: "cross-entropy on logits plus the logarithm of class counts"
  ) { try LogitAdjustment.make($0, $1, strength: 1) }
}
