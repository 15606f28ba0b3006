extension ScenePainter {
  static func car(_ thing: SceneWorld.Thing, _ u: Float, _ v: Float) -> Mark? {
    let a = abs(u)
    func mark(_ colour: SIMD3<Float>) -> Mark { Mark(colour: colour, label: SceneClass.car) }
    if v < 0.34 && a > 0.5 && a < 0.8 { return mark(SIMD3(0.07, 0.07, 0.08)) }
    if v > 0.2 && v < 0.92 {
      let corner = max(0, v - 0.8) * 0.6 + max(0, 0.3 - v) * 0.5
      if a < 0.88 - corner {
        if a > 0.62 && v > 0.6 && v < 0.78 {
          return mark(thing.facing > 0 ? SIMD3(0.72, 0.08, 0.08) : SIMD3(0.95, 0.94, 0.86))
        }
        if a < 0.26 && v > 0.42 && v < 0.56 { return mark(SIMD3(0.88, 0.86, 0.74)) }
        if v < 0.38 { return mark(thing.main * 0.45) }
        return mark(thing.main * (v > 0.86 ? 1.12 : (v < 0.5 ? 0.82 : 0.97)))
      }
    }
    if v >= 0.9 && v < 1.46 {
      let half = 0.8 - (v - 0.9) * 0.36
      if a < half {
        let glass = a < half - 0.1 && v > 0.95 && v < 1.36
        let shine = SIMD3<Float>(repeating: 0.28) * max(0, v - 1.05 + u * 0.25)
        return mark(glass ? thing.second + shine : thing.main * (v > 1.38 ? 1.15 : 0.92))
      }
    }
    return nil
  }

  static func van(_ thing: SceneWorld.Thing, _ u: Float, _ v: Float) -> Mark? {
    let a = abs(u)
    func mark(_ colour: SIMD3<Float>) -> Mark { Mark(colour: colour, label: SceneClass.car) }
    if v < 0.36 && a > 0.55 && a < 0.85 { return mark(SIMD3(0.07, 0.07, 0.08)) }
    guard v > 0.24, v < 2.15, a < 0.95 - max(0, v - 1.9) * 0.5 else { return nil }
    if v > 1.3 && v < 1.85 && a > 0.04 && a < 0.76 { return mark(thing.second + SIMD3(repeating: 0.22) * (v - 1.3)) }
    if a > 0.78 && v > 0.65 && v < 1.05 { return mark(thing.facing > 0 ? SIMD3(0.72, 0.08, 0.08) : SIMD3(0.95, 0.94, 0.86)) }
    if v < 0.42 { return mark(thing.main * 0.45) }
    return mark(thing.main * (a < 0.03 ? 0.7 : (v > 2 ? 1.1 : 0.95)))
  }

  static func pedestrian(_ thing: SceneWorld.Thing, _ u: Float, _ v: Float) -> Mark? {
    func mark(_ colour: SIMD3<Float>) -> Mark { Mark(colour: colour, label: SceneClass.pedestrian) }
    let skin = SIMD3<Float>(0.72, 0.56, 0.46) * (0.55 + 0.5 * thing.variant)
    let (hu, hv) = (u - 0.02, v - 1.6)
    if hu * hu + hv * hv < 0.026 { return mark(hv > 0.03 || hu < -0.06 ? SIMD3(0.16, 0.12, 0.09) : skin) }
    // The body leans on nothing: shoulders, waist, two legs in stride, two arms.
    let stride = 0.1 + 0.18 * thing.variant
    if v > 0.82 && v < 1.46 {
      let half = 0.17 + 0.09 * (v - 0.82) - max(0, v - 1.38) * 0.9
      if abs(u) < half { return mark(thing.main * (u > 0.1 ? 0.8 : 1)) }
    }
    if distance2(u, v, -0.24, 1.36, -0.24 - stride * 0.5, 0.86) < 0.0049 || distance2(u, v, 0.24, 1.36, 0.24 + stride * 0.5, 0.86) < 0.0049
    {
      return mark(thing.main * 0.78)
    }
    if distance2(u, v, -0.07, 0.84, -stride, 0.06) < 0.0085 { return mark(v < 0.1 ? SIMD3(0.1, 0.09, 0.09) : thing.second) }
    if distance2(u, v, 0.07, 0.84, stride, 0.06) < 0.0085 { return mark(v < 0.1 ? SIMD3(0.1, 0.09, 0.09) : thing.second * 0.82) }
    return nil
  }

  static func cyclist(_ thing: SceneWorld.Thing, _ u: Float, _ v: Float) -> Mark? {
    func mark(_ colour: SIMD3<Float>, _ opacity: Float = 1) -> Mark { Mark(colour: colour, opacity: opacity, label: SceneClass.cyclist) }
    let dark = SIMD3<Float>(0.08, 0.08, 0.09)
    // The rider: head with helmet, back, arm, leg.
    let (hu, hv) = (u - 0.3, v - 1.62)
    if hu * hu + hv * hv < 0.026 { return mark(hv > 0.0 ? thing.second : SIMD3(0.7, 0.54, 0.44)) }
    if distance2(u, v, -0.2, 1.0, 0.18, 1.4) < 0.03 { return mark(thing.main) }
    if distance2(u, v, 0.2, 1.34, 0.46, 1.02) < 0.005 { return mark(thing.main * 0.8) }
    let knee: Float = 0.2 - 0.12 * thing.variant
    if distance2(u, v, -0.2, 0.95, knee, 0.72) < 0.011 || distance2(u, v, knee, 0.72, 0.02, 0.3) < 0.008 {
      return mark(SIMD3(0.13, 0.14, 0.2))
    }
    // The bicycle: frame, handlebar, two wheels.
    if distance2(u, v, -0.52, 0.36, -0.16, 0.86) < 0.0018 || distance2(u, v, -0.16, 0.86, 0.4, 0.86) < 0.0018
      || distance2(u, v, 0.0, 0.34, 0.4, 0.86) < 0.0018 || distance2(u, v, 0.4, 1.02, 0.54, 0.36) < 0.0018
    {
      return mark(thing.second * 0.9)
    }
    for axle: Float in [-0.54, 0.54] {
      let (du, dv) = (u - axle, v - 0.36)
      let away = du * du + dv * dv
      if away < 0.13 { return mark(dark, away > 0.075 || away < 0.004 ? 1 : 0.3) }
    }
    return nil
  }
}
