/// How often things stand in a drawn scene, and how large: what makes the classes long-tailed and the rare ones hard.
///
/// All of it is in this one place. Lengths are metres, as seen by a camera at eye level.
struct SceneParameters: Sendable {
  /// How likely a scene has any cyclist, the rarest class.
  var cyclistProbability: Float = 0.34
  /// How near and far cyclists ride.
  var cyclistDepth: ClosedRange<Float> = 9...18
  /// How likely a scene has any traffic sign.
  var signProbability: Float = 0.62
  /// The most traffic signs of a scene that has any.
  var signMaximum = 2
  /// How near and far signs stand.
  var signDepth: ClosedRange<Float> = 8...20
  /// How likely a scene has any pedestrian.
  var pedestrianProbability: Float = 0.55
  /// The most pedestrians of a scene that has any.
  var pedestrianMaximum = 3
  /// How near and far pedestrians walk.
  var pedestrianDepth: ClosedRange<Float> = 7...19
  /// The most lamp posts and masts; at least one stands in each scene.
  var poleMaximum = 4
  /// How likely a side of the street has a fence.
  var fenceProbability: Float = 0.32
  /// The most cars.
  var carMaximum = 7
  /// The most trees along the street.
  var treeMaximum = 5
  /// Things without a class in the colours of rare classes (boxes on the pavement); their pixels are ignored.
  var boxProbability: Float = 0.35
  /// How likely a stretch of a ground floor has a door or poster in the colours that people wear; a part of its building.
  var posterProbability: Float = 0.5
  /// How likely a house shows a round shop sign in the colours of traffic signs; a part of its building.
  var shopSignProbability: Float = 0.45
  /// Noise of the camera, as a share of the full scale.
  var noise: ClosedRange<Float> = 0.008...0.03

  /// The colours that people wear, and that cars, doors, posters and boxes have as well: colour alone tells no rare class.
  static let sharedColours: [SIMD3<Float>] = [
    SIMD3(0.75, 0.13, 0.12), SIMD3(0.13, 0.27, 0.62), SIMD3(0.86, 0.69, 0.14), SIMD3(0.15, 0.42, 0.24), SIMD3(0.86, 0.86, 0.84),
    SIMD3(0.12, 0.13, 0.15), SIMD3(0.45, 0.46, 0.5), SIMD3(0.52, 0.2, 0.42), SIMD3(0.2, 0.52, 0.6), SIMD3(0.82, 0.42, 0.13),
  ]

  /// Trousers, and window frames.
  static let darkColours: [SIMD3<Float>] = [
    SIMD3(0.12, 0.14, 0.22), SIMD3(0.2, 0.19, 0.18), SIMD3(0.3, 0.26, 0.2), SIMD3(0.16, 0.2, 0.34), SIMD3(0.36, 0.36, 0.38),
  ]

  /// House fronts.
  static let frontColours: [SIMD3<Float>] = [
    SIMD3(0.62, 0.41, 0.33), SIMD3(0.72, 0.62, 0.48), SIMD3(0.58, 0.56, 0.53), SIMD3(0.78, 0.72, 0.62), SIMD3(0.5, 0.33, 0.28),
    SIMD3(0.66, 0.58, 0.5), SIMD3(0.55, 0.6, 0.62), SIMD3(0.7, 0.55, 0.42), SIMD3(0.8, 0.78, 0.72), SIMD3(0.45, 0.44, 0.46),
  ]
}

/// The classes of drawn scenes, by number.
enum SceneClass {
  static let sky: UInt8 = 0
  static let building: UInt8 = 1
  static let road: UInt8 = 2
  static let pavement: UInt8 = 3
  static let vegetation: UInt8 = 4
  static let car: UInt8 = 5
  static let fence: UInt8 = 6
  static let pole: UInt8 = 7
  static let pedestrian: UInt8 = 8
  static let sign: UInt8 = 9
  static let cyclist: UInt8 = 10
  static let none: UInt8 = 255
}
