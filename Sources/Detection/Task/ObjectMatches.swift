import Foundation
import Tasks

/// Which objects were found, and as what: at an overlap of 0.5, for what scores alone do not tell.
///
/// A detection is right where it overlaps an object of its class that no better one has taken. An object's fate is decided by the detection
/// with the highest score that overlaps it, whatever its class: found, misnamed, or missed where there is none. Detections that only
/// overlap a crowd of their class count for nothing.
struct ObjectMatches {
  /// The least overlap.
  static let overlap: Float = 0.5
  /// Detections from this score on count where images are scored one by one.
  static let sure: Float = 0.5

  private struct Verdict {
    var score: Float
    var isRight: Bool
  }

  private let classes: Int
  private var verdicts: [Verdict] = []
  private var totals: [Int]
  private var found: [Int]
  private var misnamed: [Int]
  private var predicted: [Int]
  private var entries: [ConfusionCounts.Entry] = []
  /// A score for each image of the split.
  private(set) var imageScores: [ImageScore] = []

  /// - Parameter objects: by image, then by falling score.
  init(_ objects: [FoundObject], of annotations: AnnotationSet) {
    classes = annotations.categories.count
    totals = Array(repeating: 0, count: classes)
    (found, misnamed, predicted) = (totals, totals, totals)
    let truths = annotations.objectsByImage()
    var next = 0
    for (image, truth) in truths.enumerated() {
      let first = next
      while next < objects.count, objects[next].image == Int32(image) { next += 1 }
      add(Array(objects[first..<next]), truth, image: image)
    }
  }

  private mutating func add(_ objects: [FoundObject], _ truth: BoxAnnotation, image: Int) {
    let counted = truth.objects.filter { !$0.isCrowd }
    let crowds = truth.objects.filter(\.isCrowd)
    var isTaken = Array(repeating: false, count: counted.count)
    var fate = Array(repeating: Int32(-1), count: counted.count)
    var (sureRight, sureWrong) = (0, 0)
    for object in objects {
      var best = -1
      var most = ObjectMatches.overlap
      for (place, other) in counted.enumerated() {
        let overlap = object.box.intersectionOverUnion(with: other.box)
        guard overlap >= ObjectMatches.overlap else { continue }
        if fate[place] < 0 { fate[place] = object.label }
        if other.label == object.label, !isTaken[place], best < 0 || overlap > most { (best, most) = (place, overlap) }
      }
      func hides(_ crowd: BoxAnnotation.Object) -> Bool {
        crowd.label == object.label && crowd.box.share(of: object.box) >= ObjectMatches.overlap
      }
      if best < 0, crowds.contains(where: hides) { continue }
      if best >= 0 { isTaken[best] = true }
      verdicts.append(Verdict(score: object.score, isRight: best >= 0))
      guard object.score >= ObjectMatches.sure else { continue }
      predicted[Int(object.label)] += 1
      if best >= 0 { sureRight += 1 } else { sureWrong += 1 }
    }
    for (place, object) in counted.enumerated() {
      totals[Int(object.label)] += 1
      guard fate[place] >= 0 else { continue }
      if fate[place] == object.label { found[Int(object.label)] += 1 } else { misnamed[Int(object.label)] += 1 }
      entries.append(ConfusionCounts.Entry(truth: Int(object.label), prediction: Int(fate[place]), count: 1))
    }
    let all = counted.count + sureRight + sureWrong
    imageScores.append(
      ImageScore(
        index: image, count: counted.count, correctCount: sureRight, value: all == 0 ? nil : 2 * Double(sureRight) / Double(all)))
  }

  /// What objects that were found were taken for.
  var confusions: ConfusionCounts { ConfusionCounts(classes: classes, entries: entries) }

  /// How each class fared.
  var classResults: [Evaluation.ClassResult] {
    let confusions = confusions.confusions(least: 0)
    return (0..<classes).map { k in
      Evaluation.ClassResult(
        count: totals[k], predictedCount: predicted[k],
        takenFor: confusions.filter { $0.truth == k }.map { (index: $0.prediction, count: $0.count) })
    }
  }

  /// How often detections of a score are right, in ten bins of scores.
  var calibration: Figure? {
    var points: [Figure.Point] = []
    for bin in 0..<10 {
      let own = verdicts.filter { min(9, Int($0.score * 10)) == bin }
      guard !own.isEmpty else { continue }
      points.append(
        Figure.Point(
          own.reduce(0) { $0 + Double($1.score) } / Double(own.count), Double(own.count { $0.isRight }) / Double(own.count)))
    }
    guard !points.isEmpty else { return nil }
    return Figure(
      title: "Calibration of scores",
      text: "How many of the detections with a score are right at an overlap of 0.5. Scores that mean what they say lie on the diagonal.",
      across: "score", up: "share that is right",
      curves: [
        .init(name: "detections", points: points), .init(name: "diagonal", points: [Figure.Point(0, 0), Figure.Point(1, 1)]),
      ])
  }

  /// Which share of each class's objects was found, misnamed, or missed; the most frequent class first.
  func fates(names: [String]) -> Figure? {
    let order = (0..<classes).filter { totals[$0] > 0 }.sorted { (totals[$1], $0) < (totals[$0], $1) }
    guard !order.isEmpty else { return nil }
    func curve(_ name: String, _ share: (Int) -> Double) -> Figure.Curve {
      Figure.Curve(name: name, points: order.enumerated().map { Figure.Point(Double($0 + 1), share($1) / Double(totals[$1])) })
    }
    let listed = order.count <= 12 ? " " + order.enumerated().map { "\($0 + 1) \(names[$1])" }.joined(separator: ", ") + "." : ""
    return Figure(
      title: "Boxes found, but misnamed",
      text: "What became of the objects of each class, by the best detection that overlaps them. Classes by falling number of objects."
        + listed,
      across: "class, by falling number of objects", up: "share of its objects",
      curves: [
        curve("found and named right") { Double(found[$0]) }, curve("found, but misnamed") { Double(misnamed[$0]) },
        curve("missed") { Double(totals[$0] - found[$0] - misnamed[$0]) },
      ])
  }
}

extension CornerBox {
  /// The share of another box that lies inside this one.
  func share(of other: CornerBox) -> Float {
    let across = max(0, min(right, other.right) - max(left, other.left))
    let down = max(0, min(bottom, other.bottom) - max(top, other.top))
    return other.area > 0 ? across * down / other.area : 0
  }
}
