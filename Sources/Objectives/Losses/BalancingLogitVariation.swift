import Foundation
import Settings
import Tensors

/// Balancing logit variation (BLV): cross-entropy on z_k + c_k a with noise a in [0, 1], new for every pixel and class. Evaluation uses z.
///
/// a = |clip(e, -1, 1)| with e normal of mean 0 and deviation sigma; c_k is largest, 1, for the rarest class.
/// The noise is a function of (seed, epoch, sample, pixel, class): it does not depend on the number of ranks or threads.
/// Gradient: softmax(z + c a) - onehot(y).
///
/// Source: Wang et al., CVPR 2023, arXiv:2306.02061.
package enum BalancingLogitVariation {
  /// How the noise grows as classes get rarer: c_k of the paper, or of the released code before its last commit.
  package enum Form: String, Choice { case paper, code }

  struct Settings: Section {
    var sigma = 4.0
    var form = Form.paper
    var softmax = SoftmaxSettings()

    mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("sigma", &sigma, "deviation of the noise before it is clipped to 1", .between(0, 1e6))
      visitor.key("form", &form, "with code, the released code before its last commit, the most frequent class gets no noise")
      softmax.visit(&visitor)
    }
  }

  static let entry = ObjectiveRegistry.Entry(
    "balancingLogitVariation", summary: "cross-entropy on logits with noise that grows as classes get rarer",
    about: "Rare classes are trained under noise that always raises their logits, so that their region in feature space widens.",
    source: "Wang and others, CVPR 2023, arXiv:2306.02061", settings: Settings()
  ) { settings, context in
    let counts = try context.flooredCounts(for: "balancingLogitVariation")
    return try SoftmaxObjective.make(
      "balancingLogitVariation", settings.softmax, context,
      term: Term(scales: scales(counts: counts, form: settings.form), sigma: Float(settings.sigma), seed: context.seed))
  }

  /// c, from counts of at least 1; zeros if all classes are alike.
  package static func scales(counts: [Double], form: Form) -> [Float] {
    let reference = form == .paper ? counts.reduce(0, +) : counts.max() ?? 1
    let raw = counts.map { log(reference / $0) }
    let largest = raw.max() ?? 0
    return raw.map { largest > 0 ? Float($0 / largest) : 0 }
  }

  struct Term: SoftmaxTerm {
    let scales: [Float]
    let sigma: Float
    let seed: UInt64

    @inline(__always)
    func adjust(_ tile: Tile, step: TermStep) {
      let numbers = LaneNumbers(tile.room)
      let words = (tile.classes + 3) / 4
      scales.withUnsafeBufferPointer { scales in
        for word in 0..<words {
          for lane in 0..<tile.count {
            let pixel = tile.rowsAreImages ? 0 : tile.row &+ lane
            let index = tile.rowsAreImages ? tile.row &+ lane : tile.image
            let sample = index < step.samples.count ? step.samples[index] : index
            let random = CounterRandom(seed: seed, purpose: .objective, epoch: step.epoch, sample: sample)
            let block = random.block(UInt64(truncatingIfNeeded: pixel &* words &+ word))
            for i in 0..<4 { numbers[i &* 8 &+ lane] = Float(block[i] &>> 8) }
          }
          for lane in tile.count..<8 { for i in 0..<4 { numbers[i &* 8 &+ lane] = 0 } }
          for i in 0..<min(4, tile.classes &- word &* 4) {
            let uniform = (tile.room[i] + Lanes(repeating: 0.5)) * Lanes(repeating: 0x1p-24)
            tile.values[word &* 4 &+ i].add(uniform.foldedNormal(deviation: sigma), times: scales[word &* 4 &+ i])
          }
        }
      }
    }

    @inline(__always)
    func evaluate(logProbability: Lanes, probability: Lanes, step: TermStep) -> (weight: Lanes, factor: Lanes) {
      (Lanes(repeating: 1), Lanes(repeating: 1))
    }
  }
}

extension SIMD8 where Scalar == Float {
  @inline(__always)
  fileprivate mutating func add(_ other: Lanes, times factor: Float) { self = addingProduct(other, Lanes(repeating: factor)) }

  /// min(1, |e|) from a uniform number: |e| = sigma sqrt(2) erfinv(u), with Giles' float32 approximation of the inverse error function.
  @inline(__always)
  fileprivate func foldedNormal(deviation: Float) -> Lanes {
    let one = Lanes(repeating: 1)
    let w = Lanes(repeating: 0) - ((one - self) * (one + self)).naturalLogarithm()
    let t = w - Lanes(repeating: 2.5)
    var inverse = Lanes(repeating: 2.810_226_36e-8)
    inverse = Lanes(repeating: 3.432_739_39e-7).addingProduct(inverse, t)
    inverse = Lanes(repeating: -3.523_387_7e-6).addingProduct(inverse, t)
    inverse = Lanes(repeating: -4.391_506_54e-6).addingProduct(inverse, t)
    inverse = Lanes(repeating: 2.185_808_7e-4).addingProduct(inverse, t)
    inverse = Lanes(repeating: -1.253_725_03e-3).addingProduct(inverse, t)
    inverse = Lanes(repeating: -4.177_681_64e-3).addingProduct(inverse, t)
    inverse = Lanes(repeating: 0.246_640_727).addingProduct(inverse, t)
    inverse = Lanes(repeating: 1.501_409_41).addingProduct(inverse, t)
    // The far tail, u > 0.9966 or |e| > 2.9 deviations, is clipped to 1 unless the deviation is small.
    let far = Lanes(repeating: 3).replacing(with: inverse, where: w .< Lanes(repeating: 5))
    let magnitude = Lanes(repeating: deviation * 1.414_213_6) * (deviation < 0.5 ? inverse.withTail(w) : far) * self
    return magnitude.replacing(with: one, where: magnitude .> one)
  }

  /// The inverse error function over u, with the second polynomial from w = 5 on.
  private func withTail(_ w: Lanes) -> Lanes {
    let larger = w.replacing(with: Lanes(repeating: 5), where: w .< Lanes(repeating: 5))
    // exp(log(w) / 2) is the square root; halfExponential gives half of e^x.
    let root = (larger.naturalLogarithm() * Lanes(repeating: 0.5)).halfExponential() * Lanes(repeating: 2)
    let t = root - Lanes(repeating: 3)
    var p = Lanes(repeating: -2.002_142_57e-4)
    for c: Float in [
      1.009_505_58e-4, 1.349_343_22e-3, -3.673_428_44e-3, 5.739_507_73e-3, -7.622_461_3e-3, 9.438_870_47e-3, 1.001_674_06, 2.832_976_82,
    ] {
      p = Lanes(repeating: c).addingProduct(p, t)
    }
    return p.replacing(with: self, where: w .< Lanes(repeating: 5))
  }
}
