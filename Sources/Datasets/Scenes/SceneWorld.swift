/// What there is to see in a scene. Positions are metres: x to the right of the camera, z ahead of it, y above the ground.
struct SceneWorld {
  /// A stretch of a side of the street.
  struct Stretch {
    /// What stands there.
    enum Kind { case house, hedge, open }

    var kind: Kind
    var near: Float
    var far: Float
    var height: Float
    var colour: SIMD3<Float>
    var windowColour: SIMD3<Float>
    var trim: SIMD3<Float>
    var windowPitch: Float
    var storey: Float
    var windowShare: Float
    var brick: Bool
    var shop: Bool
    var shopSign: Bool
    var poster: Bool
    var key: UInt32
  }

  /// A thing that stands on the ground and faces the camera.
  struct Thing {
    /// What it is.
    enum Kind { case tree, lampPost, mast, sign, car, van, pedestrian, cyclist, box }

    var kind: Kind
    var x: Float
    var z: Float
    var size: Float
    var main: SIMD3<Float>
    var second: SIMD3<Float>
    /// -1 or 1: which way it looks.
    var facing: Float
    /// A number in [0, 1) for what varies.
    var variant: Float
    var key: UInt32
  }

  /// A fence along the street.
  struct Fence {
    var x: Float
    var near: Float
    var far: Float
    var height: Float
    var colour: SIMD3<Float>
    var bars: Bool
  }

  /// Height of the camera.
  static let eye: Float = 1.6

  /// Row of the horizon as a share of the image's height.
  var horizon: Float
  /// Column of the vanishing point as a share of the width.
  var vanishing: Float
  /// Focal length as a share of the height.
  var focal: Float
  var roadLeft: Float
  var roadRight: Float
  var pavementLeft: Float
  var pavementRight: Float
  /// Distance of the house fronts, left and right.
  var fronts: [Float]
  /// The sides of the street, left and right, from near to far.
  var sides: [[Stretch]]
  var fences: [Fence]
  /// From far to near.
  var things: [Thing]

  var skyTop: SIMD3<Float>
  var skyLow: SIMD3<Float>
  var cloud: SIMD3<Float>
  var cloudiness: Float
  var light: SIMD3<Float>
  /// How dark shadows are: factor of the light in them.
  var shade: Float
  /// -1 or 1: the side where the sun stands.
  var sun: Float
  var haze: Float
  var asphalt: SIMD3<Float>
  var paving: SIMD3<Float>
  var grass: SIMD3<Float>
  var leaves: SIMD3<Float>
  var hill: Float
  var dashed: Bool
  var key: UInt32

  /// The height of what stands at a distance on a side (0 left, 1 right); 0 where it is open.
  func height(side: Int, z: Float) -> Float {
    for stretch in sides[side] where z >= stretch.near && z < stretch.far { return stretch.kind == .open ? 0 : stretch.height }
    return 0
  }
}
