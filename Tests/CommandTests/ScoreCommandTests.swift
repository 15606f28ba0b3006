import Foundation
import TestSupport
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

extension ProcessTests {
  /// `score`, `convert` and `stats` of annotations, as a user calls them.
  @Suite(.serialized) struct ScoreCommandTests {
    private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    private static let comparison = tests.appendingPathComponent("DetectionTests/Oracle/compare_scores.py").path
    /// Sets of the folder `shared` beside the checkout; empty where there is none.
    private static let sets: [String] = {
      let folder = tests.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/data/detection").path
      return [
        "bccd/annotations/val.json", "muscima-glyphs/annotations/val.json", "fashion-lt-scenes/annotations/val.json",
        "lvis-100/lvis_val_100.json",
      ]
      .map { "\(folder)/\($0)" }.filter { FileManager.default.fileExists(atPath: $0) }
    }()

    private struct Report: Decodable {
      var format: String
      var scores: [String: Double?]
    }

    private func score(_ directory: String, _ found: String, _ options: [String] = []) throws -> Program.Outcome {
      try Data(found.utf8).write(to: URL(fileURLWithPath: "\(directory)/found.json"))
      return try Program.run("longtail", ["score", "\(directory)/set.json", "\(directory)/found.json"] + options)
    }

    private static let found = """
      [{"image_id":1,"category_id":1,"bbox":[10,11,20,21],"score":0.9},
      {"image_id":1,"category_id":3,"bbox":[5,5,10,9],"score":0.8},
      {"image_id":2,"category_id":3,"bbox":[2,0,3,48],"score":0.8},
      {"image_id":7,"category_id":1,"bbox":[0,0,3,4],"score":0.95}]
      """

    @Test func figuresTableAndPage() throws {
      try withTemporaryDirectory { directory in
        for format in ["coco", "lvis"] {
          _ = try AnnotationFaultCase.writeSound(format, to: directory)
          let json = try score(directory, Self.found, ["--json"])
          #expect(json.exitCode == 0, "\(json)")
          let report = try JSONDecoder().decode(Report.self, from: Data(json.output.utf8))
          #expect(report.format == format)
          let scores = report.scores.compactMapValues { $0 }
          #expect(report.scores.keys.contains("APl") && scores["APl"] == nil)
          #expect((0.5...0.95).contains(scores["AP"] ?? 0))
          if format == "lvis" { #expect(scores["APf"] != nil && report.scores.keys.contains("APr") && scores["APfixed"] == scores["AP"]) }
          let text = try score(directory, Self.found, ["--output", "\(directory)/out", "--threads", "2"])
          #expect(text.exitCode == 0, "\(text)")
          #expect(text.output.contains("AP50") && text.output.contains("wrote \(directory)/out/report.html"))
          let page = try String(contentsOfFile: "\(directory)/out/report.html", encoding: .utf8)
          let parser = XMLParser(data: Data(page.utf8))
          #expect(parser.parse(), "line \(parser.lineNumber): \(String(describing: parser.parserError))")
          #expect(!page.contains("http") && !page.contains("<script") && page.contains("Precision and recall"))
          let table = try String(contentsOfFile: "\(directory)/out/classes.csv", encoding: .utf8)
          #expect(table.components(separatedBy: "\r\n").count == (format == "lvis" ? 5 : 4), "\(table)")
          let again = try JSONDecoder().decode(Report.self, from: Data(contentsOf: URL(fileURLWithPath: "\(directory)/out/scores.json")))
          #expect(again.scores.compactMapValues { $0 } == scores)
        }
      }
    }

    /// Each mistake is named with file and entry.
    @Test(arguments: [
      ("cut off", "score\":0.95}]", "score\":0.9", "detections[3]"),
      ("an object", "[{\"image_id\":1,\"category_id\":1,\"bbox\":[10,11,20,21],\"score\":0.9},", "{\"a\":[0,", "a list of detections"),
      (
        "a number for an entry", "[{\"image_id\":1,\"category_id\":1", "[7,{\"image_id\":1,\"category_id\":1",
        "detections[0]: is not an object"
      ),
      ("no image", "\"image_id\":2,", "", "detections[2]: has no image_id"),
      ("an unknown image", "\"image_id\":2,", "\"image_id\":3,", "detections[2]: there is no image 3"),
      ("an image of text", "\"image_id\":2,", "\"image_id\":\"2\",", "detections[2]: image_id"),
      ("an unknown class", "\"image_id\":7,\"category_id\":1", "\"image_id\":7,\"category_id\":2", "detections[3]: there is no class 2"),
      ("no class", "\"image_id\":7,\"category_id\":1,", "\"image_id\":7,", "detections[3]: has no category_id"),
      ("no score", ",\"score\":0.95", "", "detections[3]: has no score"),
      ("a score of NaN", "0.95", "NaN", "detections[3]: score is nan"),
      ("a score of text", "0.95", "\"high\"", "detections[3]: score is not a number"),
      ("no box", "\"bbox\":[2,0,3,48],", "", "detections[2]: has neither bbox nor segmentation"),
      ("a box of three", "[2,0,3,48]", "[2,0,3]", "detections[2]: bbox has 3 numbers"),
      ("a negative side", "[2,0,3,48]", "[2,0,-3,48]", "detections[2]: bbox [2, 0, -3, 48] has a negative side"),
      ("an infinite box", "[2,0,3,48]", "[2,0,3,1e999]", "detections[2]: bbox"),
      (
        "a mask of another size", "\"bbox\":[2,0,3,48]", "\"segmentation\":{\"size\":[64,48],\"counts\":[3072]}",
        "detections[2]: segmentation.size"
      ),
      (
        "runs that do not add up", "\"bbox\":[2,0,3,48]", "\"segmentation\":{\"size\":[48,64],\"counts\":[3071]}",
        "detections[2]: segmentation.counts"
      ),
      (
        "a mask among boxes", "\"bbox\":[2,0,3,48]", "\"segmentation\":{\"size\":[48,64],\"counts\":[96,144,2832]}",
        "detections[2]: has no bbox"
      ),
    ]) func wrongDetectionsAreNamed(_ name: String, _ old: String, _ new: String, _ message: String) throws {
      try withTemporaryDirectory { directory in
        _ = try AnnotationFaultCase.writeSound("coco", to: directory)
        #expect(Self.found.contains(old))
        let outcome = try score(directory, Self.found.replacingOccurrences(of: old, with: new), ["--json"])
        #expect(outcome.exitCode == 65, "\(name): \(outcome)")
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.contains("found.json") && outcome.errors.contains(message), "\(name): \(outcome)")
      }
    }

    @Test func otherMistakesAreRefused() throws {
      try withTemporaryDirectory { directory in
        _ = try AnnotationFaultCase.writeSound("coco", to: directory)
        expect(try Program.run("longtail", ["score", "\(directory)/none.json", "\(directory)/set.json"]), 66, errors: ["none.json"])
        expect(try score(directory, Self.found, ["--format", "lvis"]), 65, errors: ["neg_category_ids", "set.json"])
        expect(try score(directory, Self.found, ["--iou", "mask"]), 65, errors: ["annotation 1 has no mask"])
        expect(try score(directory, Self.found, ["--threads", "0"]), 64, errors: ["--threads"])
        let fault = AnnotationFaultCase.all.first { $0.format == "coco" && $0.kind == "unknownImage" }
        _ = try #require(fault).write(to: directory)
        expect(try score(directory, Self.found), 65, errors: ["set.json", "annotations[0] (id 1)", "longtail inspect"])
      }
    }

    @Test func convertedSetsSayTheSame() throws {
      try withTemporaryDirectory { directory in
        for format in ["coco", "lvis", "voc", "yolo"] {
          let folder = "\(directory)/\(format)"
          let path = try AnnotationFaultCase.writeSound(format, to: folder)
          expect(
            try Program.run("longtail", ["convert", path, "--to", "coco", "--output", "\(directory)/\(format).json"]), output: ["wrote"])
          let pictures = "\(folder)/\(format == "voc" ? "JPEGImages" : format == "yolo" ? "" : "images")"
          let inspected = try Program.run("longtail", ["inspect", "\(directory)/\(format).json", "--images", pictures])
          expect(inspected, output: ["nothing is wrong"])
          let stats = try Program.run("longtail", ["stats", "\(directory)/\(format).json"])
          let before = try Program.run("longtail", ["stats", path])
          expect(stats, output: ["cat", "dog", "head to tail"])
          // The tables are equal; what the file is called and its format are not.
          func table(_ text: String) -> [Substring] { text.split(separator: "\n").filter { !$0.hasPrefix("annotations") } }
          if format != "yolo" && format != "voc" { #expect(table(stats.output) == table(before.output)) }
        }
        expect(
          try Program.run("longtail", ["convert", "\(directory)/coco/set.json", "--to", "yolo", "--output", "\(directory)/text"]),
          output: ["note: 1 crowds were left out"])
        #expect(try String(contentsOfFile: "\(directory)/text/labels/c.txt", encoding: .utf8).isEmpty)
      }
    }

    /// pycocotools and lvis on drawn detections of every set that is here.
    @Test(
      .enabled(
        if: Python.has("pycocotools", "lvis", "numpy"), "pycocotools and lvis are not installed; LONGTAIL_PYTHON names a Python with them"),
      .enabled(if: !sets.isEmpty, "there is no ../shared"))
    func equalsTheReferences() throws {
      let environment = ["LONGTAIL_COMPARE_IMAGES": "40", "LONGTAIL_COMPARE_SEEDS": "1", "PYTHONDONTWRITEBYTECODE": "1"]
      let outcome = try Program(
        try #require(Python.interpreter), [Self.comparison, try Program.path(of: "longtail")] + Self.sets, environment: environment
      ).wait(seconds: 600)
      #expect(outcome.exitCode == 0, "\(outcome)")
      #expect(outcome.output.contains(" comparisons, 0 failed"), "\(outcome)")
    }
  }
}
