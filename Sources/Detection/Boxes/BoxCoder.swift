import Foundation

/// Boxes as numbers that a network learns: shifts and logarithms of sizes against an anchor or a proposal, in centre form.
///
/// t = (wx (bx - ax) / aw, wy (by - ay) / ah, ww log(bw / aw), wh log(bh / ah)) with centres x, y and sizes w, h of box b and anchor a.
/// Decoding limits the two logarithms to log(1000 / 16). Order of operations: torchvision's `BoxCoder`, in float32.
package struct BoxCoder: Sendable, Equatable {
  /// Factors of the two shifts and the two logarithms.
  package var weights: SIMD4<Float>
  /// The largest logarithm that is decoded.
  package static let limit = Float(log(1000.0 / 16))

  /// Of anchors: weights of 1.
  package static let anchors = BoxCoder(weights: SIMD4(1, 1, 1, 1))
  /// Of proposals, in the second stage: weights of 10 and 5.
  package static let proposals = BoxCoder(weights: SIMD4(10, 10, 5, 5))

  /// A coder with weights.
  package init(weights: SIMD4<Float>) { self.weights = weights }

  /// What a network has to say of an anchor to mean a box. Both need sides above 0.
  package func encode(_ box: CornerBox, against anchor: CornerBox) -> SIMD4<Float> {
    let (anchorWidth, anchorHeight) = (anchor.width, anchor.height)
    let (width, height) = (box.width, box.height)
    let (anchorX, anchorY) = (anchor.left + 0.5 * anchorWidth, anchor.top + 0.5 * anchorHeight)
    let (x, y) = (box.left + 0.5 * width, box.top + 0.5 * height)
    return SIMD4(
      weights.x * (x - anchorX) / anchorWidth, weights.y * (y - anchorY) / anchorHeight, weights.z * logf(width / anchorWidth),
      weights.w * logf(height / anchorHeight))
  }

  /// The box that a network means.
  package func decode(_ code: SIMD4<Float>, against anchor: CornerBox) -> CornerBox {
    let (anchorWidth, anchorHeight) = (anchor.width, anchor.height)
    let (anchorX, anchorY) = (anchor.left + 0.5 * anchorWidth, anchor.top + 0.5 * anchorHeight)
    let x = code.x / weights.x * anchorWidth + anchorX
    let y = code.y / weights.y * anchorHeight + anchorY
    // A code that is not a number stays one.
    let (wide, tall) = (code.z / weights.z, code.w / weights.w)
    let halfWidth = 0.5 * (expf(wide > BoxCoder.limit ? BoxCoder.limit : wide) * anchorWidth)
    let halfHeight = 0.5 * (expf(tall > BoxCoder.limit ? BoxCoder.limit : tall) * anchorHeight)
    return CornerBox(x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight)
  }

  /// The gradient by a code from that by the edges of the decoded box: what a loss on boxes hands back. 0 where a logarithm is limited.
  package func gradient(byEdges edges: SIMD4<Float>, code: SIMD4<Float>, against anchor: CornerBox) -> SIMD4<Float> {
    let (anchorWidth, anchorHeight) = (anchor.width, anchor.height)
    let (wide, tall) = (code.z / weights.z, code.w / weights.w)
    let halfWidth = wide > BoxCoder.limit ? 0 : 0.5 * expf(wide) * anchorWidth
    let halfHeight = tall > BoxCoder.limit ? 0 : 0.5 * expf(tall) * anchorHeight
    return SIMD4(
      (edges.x + edges.z) * anchorWidth / weights.x, (edges.y + edges.w) * anchorHeight / weights.y,
      (edges.z - edges.x) * halfWidth / weights.z, (edges.w - edges.y) * halfHeight / weights.w)
  }
}
