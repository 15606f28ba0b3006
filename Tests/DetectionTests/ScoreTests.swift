import Foundation
import Tensors
import TestSupport
import Testing
import Threading

@testable import Detection

/// Figures against those of pycocotools and the LVIS API.
@Suite(.serialized, .computePool) struct ScoreTests {
  /// A file's part as JSON text, which the readers are then given.
  private func write(_ value: Any, _ path: String) throws -> String {
    try JSONSerialization.data(withJSONObject: value).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func judge(
    _ truth: String, _ found: String, _ rules: DetectionRules, _ shape: DetectionShape, ties: TieOrder = .file
  ) throws -> DetectionScores {
    let set = try AnnotationFormat.read(
      truth, format: rules.kind == .lvis ? .lvis : .coco, checksImages: false, detectsLVIS: rules.kind == .lvis
    ).validated(forJudging: true)
    return try DetectionJudge(
      try DetectionList(contentsOf: found, annotations: set, shape: shape), of: set, rules: rules, shape: shape, ties: ties
    ).scores()
  }

  private func expectEqual(_ scores: DetectionScores, _ expected: [String: Any], _ hint: String) {
    #expect(expected.count >= 12)
    for (name, value) in expected {
      let value = (value as? NSNumber)?.doubleValue
      if let ours = scores[name], let value {
        #expect(abs(ours - value) <= 1e-12, "\(hint) \(name): \(ours), expected \(value)")
      } else {
        #expect(scores[name] == nil && (value == nil || value == -1), "\(hint) \(name): \(String(describing: scores[name]))")
      }
    }
  }

  /// Drawn sets with crowds, equal scores, ids from 0, images and classes without objects; boxes and masks.
  @Test func drawnSetsScoreAsTheReferencesSay() throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Oracle/scores.json")
    let cases = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [[String: Any]])
    #expect(cases.count == 16)
    try withTemporaryDirectory { directory in
      for (place, entry) in cases.enumerated() {
        let truth = try write(try #require(entry["truth"]), "\(directory)/truth.json")
        let found = try write(try #require(entry["found"]), "\(directory)/found.json")
        let rules: DetectionRules = entry["rules"] as? String == "lvis" ? .lvis : .coco
        let shape = try #require(DetectionShape(rawValue: entry["shape"] as? String ?? ""))
        let scores = try judge(truth, found, rules, shape)
        expectEqual(scores, try #require(entry["scores"] as? [String: Any]), "case \(place) \(rules.kind) \(shape)")
      }
    }
  }

  @Test func orderAndThreadsDoNotMatter() throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Oracle/scores.json")
    let cases = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [[String: Any]])
    var random = TestRandom(5)
    try withTemporaryDirectory { directory in
      for entry in cases.prefix(8) {
        var truth = try #require(entry["truth"] as? [String: Any])
        var found = try #require(entry["found"] as? [Any])
        let rules: DetectionRules = entry["rules"] as? String == "lvis" ? .lvis : .coco
        let shape = try #require(DetectionShape(rawValue: entry["shape"] as? String ?? ""))
        ComputePool.configure(threadCount: 1)
        let paths = ("\(directory)/truth.json", "\(directory)/found.json")
        let first = try judge(try write(truth, paths.0), try write(found, paths.1), rules, shape, ties: .content)
        let plain = try judge(paths.0, paths.1, rules, shape)
        ComputePool.configure(threadCount: 3)
        #expect(try judge(paths.0, paths.1, rules, shape).scores == plain.scores)
        for part in ["images", "annotations", "categories"] {
          truth[part] = (truth[part] as? [Any])?.shuffled(using: &random)
        }
        found.shuffle(using: &random)
        let second = try judge(try write(truth, paths.0), try write(found, paths.1), rules, shape, ties: .content)
        #expect(first.scores == second.scores)
        ComputePool.configure(threadCount: 1)
      }
    }
  }

  /// The values of `golden/detection_golden.json`, by class too.
  @Test(.enabled(if: TestFiles.hasShared, "there is no ../shared")) func goldenValues() throws {
    let path = "\(try #require(TestFiles.shared))/golden/detection_golden.json"
    let golden = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any])
    try withTemporaryDirectory { directory in
      for (name, rules) in [("coco", DetectionRules.coco), ("lvis", .lvis)] {
        let part = try #require(golden[name] as? [String: Any])
        let truth = try write(try #require(part["ground_truth"]), "\(directory)/truth.json")
        let found = try write(try #require(part["detections"]), "\(directory)/found.json")
        let scores = try judge(truth, found, rules, .box)
        // The file has twelve digits.
        for (key, value) in try #require(part["scores"] as? [String: Double]) {
          #expect(abs((scores[key] ?? -1) - value) < 1e-11, "\(name) \(key)")
        }
        let set = try AnnotationFormat.read(truth, checksImages: false).set
        for (id, value) in try #require(part["AP_by_category"] as? [String: Double]) {
          let column = try #require(set.categories.column(ofID: Int(id) ?? -1))
          #expect(abs((scores.classes[column].averagePrecision ?? -1) - value) < 1e-11, "\(name) class \(id)")
        }
      }
    }
  }

  /// 100 images of LVIS with the LVIS API's own figures.
  @Test(.enabled(if: TestFiles.hasShared, "there is no ../shared")) func realAnnotationsOfLVIS() throws {
    let folder = "\(try #require(TestFiles.shared))/data/detection/lvis-100"
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/expected.json"))
    let expected = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let scores = try judge("\(folder)/lvis_val_100.json", "\(folder)/detections.json", .lvis, .box)
    expectEqual(scores, try #require(expected["scores"] as? [String: Any]), "lvis-100")
    let set = try AnnotationFormat.read("\(folder)/lvis_val_100.json", checksImages: false).set
    let byClass = try #require(expected["AP_by_category"] as? [String: Double])
    #expect(byClass.count == scores.classes.count { $0.averagePrecision != nil })
    for (id, value) in byClass {
      let column = try #require(set.categories.column(ofID: Int(id) ?? -1))
      #expect(abs((scores.classes[column].averagePrecision ?? -1) - value) <= 1e-12, "class \(id)")
    }
  }

  @Test func perfectDetectionsScoreOne() throws {
    var set = AnnotationSet(
      format: .coco, images: [AnnotatedImage(id: 5, fileName: "a.png", width: 100, height: 100)],
      categories: CategoryTable([Category(id: 1, name: "a"), Category(id: 0, name: "b")]), instances: [])
    set.instances = [
      Instance(id: 0, image: 0, category: 0, box: Box(x: 0, y: 0, width: 50, height: 50)),
      Instance(id: 1, image: 0, category: 0, box: Box(x: 0, y: 0, width: 20, height: 20)),
    ]
    var list = DetectionList()
    for instance in set.instances { list.append(image: 0, category: 0, score: 0.5, box: instance.box) }
    let scores = try DetectionJudge(list, of: set, rules: .coco).scores()
    // Id 0 is an id as any other; the class without objects counts nowhere.
    #expect(abs((scores["AP"] ?? 0) - 1) < 1e-12)
    #expect(scores["APl"] == nil && scores["APm"] != nil)
    #expect(scores.classes[1].averagePrecision == nil)
    #expect(scores.tiedDetections == 2)
    let none = try DetectionJudge(DetectionList(), of: set, rules: .coco).scores()
    #expect(none["AP"] == 0 && none["AR@100"] == 0)
    #expect(throws: LongtailError.self) { try DetectionJudge(list, of: set, rules: .coco, shape: .mask) }
  }
}
