/// How far two boxes are apart, also where they do not touch: 1 - I / U + (G - U) / G, with G the area of the smallest box around both.
///
/// Each denominator has 1e-7 added. The gradient is by the edges of the first box; where edges coincide, that edge gives nothing to the
/// intersection or the enclosing box. Computed in float64.
/// Source: Rezatofighi and others, "Generalized intersection over union", CVPR 2019.
package enum GeneralizedIoU {
  /// Added to denominators.
  package static let epsilon = 1e-7

  /// Loss and gradient by left, top, right, bottom of `box`.
  package static func loss(_ box: SIMD4<Double>, target: SIMD4<Double>) -> (loss: Double, gradient: SIMD4<Double>) {
    let (width, height) = (box.z - box.x, box.w - box.y)
    let across = min(box.z, target.z) - max(box.x, target.x)
    let down = min(box.w, target.w) - max(box.y, target.y)
    let overlaps = across > 0 && down > 0
    let intersection = overlaps ? across * down : 0
    let union = width * height + (target.z - target.x) * (target.w - target.y) - intersection
    let aroundAcross = max(box.z, target.z) - min(box.x, target.x)
    let aroundDown = max(box.w, target.w) - min(box.y, target.y)
    let around = aroundAcross * aroundDown
    let (unionSum, aroundSum) = (union + epsilon, around + epsilon)
    let loss = 1 - (intersection / unionSum - (around - union) / aroundSum)

    let byArea = SIMD4(-height, -width, height, width)
    var byIntersection = SIMD4<Double>.zero
    if overlaps {
      byIntersection = SIMD4(
        box.x > target.x ? -down : 0, box.y > target.y ? -across : 0, box.z < target.z ? down : 0, box.w < target.w ? across : 0)
    }
    let byUnion = byArea - byIntersection
    let byAround = SIMD4(
      box.x < target.x ? -aroundDown : 0, box.y < target.y ? -aroundAcross : 0, box.z > target.z ? aroundDown : 0,
      box.w > target.w ? aroundAcross : 0)
    let byOverlap = byIntersection / unionSum - intersection * byUnion / (unionSum * unionSum)
    let byPenalty = (byAround - byUnion) / aroundSum - (around - union) * byAround / (aroundSum * aroundSum)
    return (loss, byPenalty - byOverlap)
  }
}
