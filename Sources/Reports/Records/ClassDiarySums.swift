/// What the diary of the classes adds up between two evaluations: a line of `diary.jsonl`, for writing and for reading.
///
/// A line stands there for each checkpoint between two evaluations, so that a run that goes on from it has the same diary as one that was
/// never interrupted. Costs a few additions for each class and step.
package struct ClassDiarySums: Sendable, Equatable, Codable {
  /// The step that it was written at.
  package var step = 0
  /// Steps that were added up.
  package private(set) var steps = 0
  /// How many of them showed each class.
  package private(set) var stepsWithClass: [Int]
  /// Rows of each class.
  package private(set) var rows: [Int]
  /// Squared gradient norms of each class, before scaling.
  package private(set) var squaredNorms: [Double]
  /// The objective's factors, over the steps that showed the class.
  package private(set) var scales: [Double]

  /// Nothing yet.
  package init(classes: Int) {
    stepsWithClass = Array(repeating: 0, count: classes)
    rows = stepsWithClass
    squaredNorms = Array(repeating: 0, count: classes)
    scales = squaredNorms
  }

  /// Number of classes.
  package var classes: Int { rows.count }

  /// Adds a step. A step without numbers of the classes, or with numbers of other classes, counts for nothing.
  package mutating func add(rows own: [Int], gradientNorms: [Double], scales factors: [Double]) {
    steps += 1
    for k in rows.indices where k < own.count && own[k] > 0 {
      rows[k] += own[k]
      stepsWithClass[k] += 1
      if k < factors.count, factors[k].isFinite { scales[k] += factors[k] }
    }
    for k in rows.indices where k < gradientNorms.count && gradientNorms[k].isFinite {
      squaredNorms[k] += gradientNorms[k] * gradientNorms[k]
    }
  }

  /// The diary of a class.
  /// - Parameters:
  ///   - confidence: what the evaluation says of the class.
  ///   - moments: what the optimizer remembers of it.
  package func diary(ofClass k: Int, confidence: Double?, moments: [NamedNumber]) -> ClassDiary {
    let total = squaredNorms.reduce(0, +)
    return ClassDiary(
      steps: steps, stepsWithClass: stepsWithClass[k], rows: rows[k], gradientShare: total > 0 ? squaredNorms[k] / total : nil,
      scale: stepsWithClass[k] > 0 ? scales[k] / Double(stepsWithClass[k]) : nil, confidence: confidence, moments: moments)
  }

  /// The sums that a run had at a step; nil where nothing was kept then.
  /// - Throws: `LongtailError(.badData)` where the file is not what it should be.
  package static func read(_ path: String, atStep step: Int, classes: Int) throws -> ClassDiarySums? {
    let lines: [ClassDiarySums] = try RecordFile.lines(path)
    return lines.last { $0.step == step && $0.classes == classes }
  }
}
