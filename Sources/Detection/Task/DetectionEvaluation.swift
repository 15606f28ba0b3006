import Tasks
import Tensors

/// What a list of detections is worth: the scores of the judge, and what explains them.
struct DetectionEvaluation {
  private let annotations: AnnotationSet
  private let groups: ClassGroups
  private let matches: ObjectMatches
  private let scores: DetectionScores
  private let fixed: DetectionScores

  /// Judges by the rules of LVIS where the annotations have its lists, by COCO's elsewhere.
  /// - Parameter found: by image, then by falling score.
  init(_ found: [FoundObject], of annotations: AnnotationSet, groups: ClassGroups) throws {
    (self.annotations, self.groups) = (annotations, groups)
    var list = DetectionList()
    for object in found {
      list.append(image: Int(object.image), category: Int(object.label), score: Double(object.score), box: object.box.box)
    }
    let isLVIS = annotations.format == .lvis
    let rules: DetectionRules = isLVIS ? .lvis : .coco
    let fixedRules = DetectionRules(kind: rules.kind, limits: [.max], imageLimit: nil, classLimit: 10_000)
    scores = try DetectionJudge(list, of: annotations, rules: rules).scores()
    fixed = try DetectionJudge(list, of: annotations, rules: fixedRules).scores()
    matches = ObjectMatches(found, of: annotations)
  }

  /// Everything.
  var evaluation: Evaluation {
    typealias Kinds = DetectionScoreKinds
    let names = annotations.categories.categories.map(\.name)
    let byClass: [(ScoreKind, [Double?])] = [
      (Kinds.averagePrecision, scores.classes.map(\.averagePrecision)), (Kinds.at50, scores.classes.map(\.averagePrecision50)),
      (Kinds.at75, scores.classes.map(\.averagePrecision75)), (Kinds.recall, scores.classes.map(\.averageRecall)),
    ]
    var all: [Score] = []
    for (kind, values) in byClass {
      all.append(Score(kind, ClassMean(values).value))
      guard kind.scopes.contains(.groups) else { continue }
      all += groups.names.map { Score(kind, of: .group($0), groups.mean(of: values, group: $0).value) }
    }
    let fixedByClass = fixed.classes.map(\.averagePrecision)
    all.append(Score(Kinds.fixed, ClassMean(fixedByClass).value))
    all += groups.names.map { Score(Kinds.fixed, of: .group($0), groups.mean(of: fixedByClass, group: $0).value) }
    all += [(Kinds.small, "APs"), (Kinds.medium, "APm"), (Kinds.large, "APl")].map { Score($0, scores[$1]) }
    for (kind, values) in byClass { all += zip(names, values).map { Score(kind, of: .class($0), $1) } }
    return Evaluation(
      scores: all, classes: matches.classResults, averagedClasses: scores.classes.count { $0.averagePrecision != nil },
      images: matches.imageScores, confusions: matches.confusions, figures: figures)
  }

  private var figures: [Figure] {
    [precisionByRecall, matches.calibration, matches.fates(names: annotations.categories.categories.map(\.name))].compactMap { $0 }
  }

  /// Precision at each recall, at an overlap of 0.5.
  private var precisionByRecall: Figure? {
    let columns = Array(annotations.categories.categories.indices)
    let parts = [("all classes", columns)] + groups.names.map { ($0, groups.classes(of: $0)) }
    let curves = parts.compactMap { name, columns in
      scores.precisionByRecall(columns, threshold: 0).map { values in
        Figure.Curve(name: name, points: zip(DetectionRules.recalls, values).map { Figure.Point($0, $1) })
      }
    }
    guard !curves.isEmpty else { return nil }
    return Figure(
      title: "Precision and recall", text: "At an overlap of 0.5, the mean over the classes of a group.", across: "recall", up: "precision",
      curves: curves)
  }
}
