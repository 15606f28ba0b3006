import Kernels

/// A normalized activation that the layer which reads it computes while it reads: nothing is written, and nothing read again.
///
/// Batch norm offers it for its output; a layer that is the only one to read that output may take it, and then reads batch norm's input with
/// the scaling. The numbers are the same, bit by bit.
final class DeferredNormalization {
  /// Batch norm's input.
  let source: PlanTensor
  /// What the forward pass of batch norm makes of its statistics.
  let scaling: ChannelScaling
  /// Whether the output is left to its reader.
  fileprivate(set) var isTaken = false

  init(source: PlanTensor, scaling: ChannelScaling) { (self.source, self.scaling) = (source, scaling) }
}

extension NodeBuilder {
  /// Offers the output as a scaled input.
  func offer(_ normalization: DeferredNormalization) { plan.offer(normalization, of: node.output) }

  /// Takes over the normalization of an input, which is then not computed: the layer reads the normalization's source, in its forward pass and,
  /// where it reads the input there too, in its backward pass.
  /// - Returns: nil where the input is not normalized, or where others see it.
  func takeNormalization(ofInput i: Int) -> DeferredNormalization? {
    let value = node.inputs[i]
    guard plan.graph.consumers(of: value) == [index], !plan.graph.ports.contains(where: { $0.value == value }),
      node.inputs.filter({ $0 == value }).count == 1, let found = plan.normalization(of: value)
    else { return nil }
    found.isTaken = true
    found.source.slot?.extend(to: plan.forwardMoment(index))
    return found
  }

  /// Whether an input can be computed again in the backward pass.
  func canRecompute(_ i: Int = 0) -> Bool { plan.recipe(of: node.inputs[i], for: index) != nil }
}
