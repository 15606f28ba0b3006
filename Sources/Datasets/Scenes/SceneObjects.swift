/// What stands in a drawn scene, to be found by a detector.
package struct SceneObject: Sendable, Hashable {
  /// What it is. Order: that of the classes.
  package enum Kind: Int, Sendable, CaseIterable {
    case car, tree, pedestrian, van, bin, cyclist, prohibitionSign, warningSign, directionSign, prioritySign

    /// The name of the class.
    package var name: String {
      switch self {
      case .car: "Car"
      case .tree: "Tree"
      case .pedestrian: "Pedestrian"
      case .van: "Van"
      case .bin: "Bin"
      case .cyclist: "Cyclist"
      case .prohibitionSign: "Prohibition sign"
      case .warningSign: "Warning sign"
      case .directionSign: "Direction sign"
      case .prioritySign: "Priority sign"
      }
    }
  }

  /// What it is.
  package var kind: Kind
  /// The first column of pixels that show it, a multiple of a half: the drawing has two points a pixel.
  package var left: Double
  /// The first row.
  package var top: Double
  /// The column behind the last.
  package var right: Double
  /// The row behind the last.
  package var bottom: Double
  /// Its visible area in pixels.
  package var area: Double
}

extension SceneWorld.Thing {
  /// What a detector is to call it; nil for poles, which are too thin for boxes.
  var object: SceneObject.Kind? {
    switch kind {
    case .tree: return .tree
    case .lampPost, .mast: return nil
    case .car: return .car
    case .van: return .van
    case .pedestrian: return .pedestrian
    case .cyclist: return .cyclist
    case .box: return .bin
    case .sign: return variant < 0.4 ? .prohibitionSign : variant < 0.65 ? .warningSign : variant < 0.85 ? .directionSign : .prioritySign
    }
  }
}

extension ScenePainter {
  /// The least share of a thing's points that has to be visible.
  static let leastVisibleShare = 0.3
  /// The least visible area in pixels.
  static let leastArea = 16.0
  /// The least side of a box in pixels.
  static let leastSide = 3.5

  /// The boxes around what is visible of each thing, from far to near, after `paintThings`. Things that others hide for the most part, and
  /// those that are too small to be recognized, are left out.
  func objects() -> [SceneObject] {
    struct Extent {
      var left = Int.max
      var top = Int.max
      var right = 0
      var bottom = 0
      var points = 0
    }
    var extents = [Extent](repeating: Extent(), count: world.things.count + 1)
    for y in 0..<canvas.height {
      for x in 0..<canvas.width {
        let owner = Int(canvas.owners[y &* canvas.width &+ x])
        if owner == 0 { continue }
        extents[owner].left = min(extents[owner].left, x)
        extents[owner].top = min(extents[owner].top, y)
        extents[owner].right = max(extents[owner].right, x + 1)
        extents[owner].bottom = max(extents[owner].bottom, y + 1)
        extents[owner].points += 1
      }
    }
    let point = 1 / Double(SceneCanvas.density)
    return world.things.enumerated().compactMap { place, thing in
      let own = extents[place + 1]
      guard let kind = thing.object, own.points > 0 else { return nil }
      let share = Double(own.points) / Double(max(1, canvas.drawn[place + 1]))
      let object = SceneObject(
        kind: kind, left: Double(own.left) * point, top: Double(own.top) * point, right: Double(own.right) * point,
        bottom: Double(own.bottom) * point, area: Double(own.points) * point * point)
      let isTold =
        share >= ScenePainter.leastVisibleShare && object.area >= ScenePainter.leastArea
        && min(object.right - object.left, object.bottom - object.top) >= ScenePainter.leastSide
      return isTold ? object : nil
    }
  }
}
