import Datasets
import Foundation
import Images
import TestSupport
import Testing

@testable import Datasets
@testable import Detection

/// Drawn scenes with boxes.
@Suite struct SceneTests {
  @Test func scenesAreFunctionsOfTheirPlace() throws {
    let scenes = try ObjectScenes(width: 96, height: 64, train: 3, validation: 2, test: 0)
    #expect(scenes.count(of: .train) == 3 && scenes.count(of: .test) == 0)
    let first = try scenes.image(split: .train, index: 1)
    #expect(first.width == 96 && first.height == 64)
    #expect(try scenes.image(split: .train, index: 1) == first)
    #expect(try scenes.objects(split: .train, index: 1) == scenes.objects(split: .train, index: 1))
    #expect(try scenes.image(split: .validation, index: 1) != first)
    #expect(try ObjectScenes(width: 96, height: 64, seed: 2).image(split: .train, index: 1) != first)
    #expect(throws: (any Error).self) { try scenes.image(split: .train, index: 3) }
    #expect(throws: (any Error).self) { try ObjectScenes(width: 20, height: 64) }
    #expect(throws: (any Error).self) { try ObjectScenes(test: -1) }
  }

  /// Every edge of a box touches points of its class in the finished drawing, and boxes of people and signs hold nearly all points of theirs.
  @Test func boxesLieAroundWhatIsVisible() throws {
    let scenes = try ObjectScenes(width: 160, height: 112, train: 60)
    let labels: [SceneObject.Kind: UInt8] = [
      .car: SceneClass.car, .van: SceneClass.car, .tree: SceneClass.vegetation, .pedestrian: SceneClass.pedestrian,
      .cyclist: SceneClass.cyclist, .bin: SceneClass.none, .prohibitionSign: SceneClass.sign, .warningSign: SceneClass.sign,
      .directionSign: SceneClass.sign, .prioritySign: SceneClass.sign,
    ]
    var (inside, total, boxes) = (0, 0, 0)
    for index in 0..<60 {
      var random = SceneRandom(seed: scenes.seed, split: 11, sample: index)
      var painter = ScenePainter(
        world: SceneWorld(&random, parameters: ObjectScenes.parameters), width: 160, height: 112)
      painter.paint()
      let canvas = painter.canvas
      let objects = try scenes.objects(split: .train, index: index)
      boxes += objects.count
      for object in objects {
        let label = try #require(labels[object.kind])
        let columns = Int(2 * object.left)..<Int(2 * object.right)
        let rows = Int(2 * object.top)..<Int(2 * object.bottom)
        func has(_ x: Int, _ y: Int) -> Bool { canvas.classes[y * canvas.width + x] == label }
        #expect(rows.contains { has(columns.lowerBound, $0) } && rows.contains { has(columns.upperBound - 1, $0) })
        #expect(columns.contains { has($0, rows.lowerBound) } && columns.contains { has($0, rows.upperBound - 1) })
      }
      for (place, label) in canvas.classes.enumerated()
      where [SceneClass.pedestrian, SceneClass.cyclist, SceneClass.sign].contains(label) {
        let (x, y) = (Double(place % canvas.width) / 2 + 0.25, Double(place / canvas.width) / 2 + 0.25)
        total += 1
        if objects.contains(where: { labels[$0.kind] == label && $0.left < x && $0.right > x && $0.top < y && $0.bottom > y }) {
          inside += 1
        }
      }
    }
    #expect(boxes > 150 && total > 5000 && Double(inside) > 0.95 * Double(total), "\(boxes) boxes, \(inside) of \(total) points")
  }

  @Test func boxesAreWholeAndTheirClassesLongTailed() throws {
    let scenes = try ObjectScenes(validation: 60)
    let set = try scenes.annotations(of: .train)
    #expect(set.images.count == 600 && set.categories.count == 10)
    for instance in set.instances {
      let box = instance.box
      #expect(box.x >= 0 && box.y >= 0 && box.x + box.width <= 256 && box.y + box.height <= 160)
      #expect(min(box.width, box.height) >= 3.5 && instance.area >= 16 && instance.area <= box.area)
    }
    let counts = AnnotationCounts(set)
    let boxes = counts.classes.map(\.boxes)
    print("boxes by class: \(zip(SceneObject.Kind.allCases, boxes).map { "\($0.name) \($1)" }.joined(separator: ", "))")
    #expect(boxes.allSatisfy { $0 >= 8 })
    #expect(counts.headToTail >= 50)
    #expect(counts.emptyImages > 0 && counts.emptyImages < 100)
    let small = try scenes.annotations(of: .validation)
    #expect(small.images.count == 60 && AnnotationCounts(small).classes[0].boxes > 50)
  }
}
