/// What a pass has to do, for predictions of its time.
extension TapConvolution {
  /// Pairs of a position and a tap in the inner loops, over all images. The data passes compute positions in groups of 6, and each chunk of
  /// a region begins with a group of its own.
  package func innerTapPositions(_ pass: ConvolutionPass) -> Int {
    switch pass {
    case .forward: forwardPass.innerTapPositions
    case .backwardData: backwardPass.innerTapPositions
    case .backwardWeights: images * tapPositions
    }
  }

  /// How often a tap's weights, or sums of their gradient, are gone through, summed over the taps: once by each chunk that meets the tap.
  package func weightRounds(_ pass: ConvolutionPass) -> Int {
    switch pass {
    case .forward: forwardPass.weightRounds
    case .backwardData: backwardPass.weightRounds
    case .backwardWeights: weightsPass.weightRounds
    }
  }
}
