import ArgumentParser
import Collectives
import Detection
import Foundation
import Reports
import Tensors
import Threading

extension DetectionShape: ExpressibleByArgument {}
extension DetectionRules.Kind: ExpressibleByArgument {}
extension TieOrder: ExpressibleByArgument {}

/// `longtail score`: judges anybody's detections.
struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score", abstract: "Scores detections against annotations, by the rules of COCO or LVIS.",
    discussion: """
      The annotations are COCO or LVIS json. The detections are a list in the form of COCO's results: image_id, category_id, score, and bbox \
      (x, y, width, height) or segmentation. They may come from any program. The figures are those of pycocotools and of the LVIS API, by the \
      names that these print; a figure without anything to be found is – here, null in JSON and -1 there. For LVIS, APfixed is computed \
      without a limit an image, from the best 10,000 detections of each class.

      Detections of one image and class with equal scores count in the order of the file, as in the references. With --ties content they \
      count in an order of their own, and the figures are equal for any order of the file.

      With --output DIR there are the figures in scores.json, every class in classes.csv, and precision-recall curves and every class on the \
      page report.html. Detections that are wrong are named with file and entry; the exit code is then 65.
      """)

  @Argument(help: "COCO or LVIS json with what is there.", completion: .file(extensions: ["json"]))
  var annotations: String

  @Argument(help: "COCO results json with what was found.", completion: .file(extensions: ["json"]))
  var detections: String

  @Option(help: "Whose rules: coco or lvis. By default lvis where the annotations have its lists, else coco.")
  var format: DetectionRules.Kind?

  @Option(help: "What is compared: box or mask.")
  var iou = DetectionShape.box

  @Option(help: "Which of equally scored detections of an image and class comes first: by file or by content.")
  var ties = TieOrder.file

  @Option(
    help: ArgumentHelp("Where the table of classes and the page go; made if it is not there.", valueName: "dir"), completion: .directory)
  var output: String?

  @Option(help: ArgumentHelp("How many threads; by default one a processor. The figures do not depend on it.", valueName: "n"))
  var threads: Int?

  @Flag(help: "Prints one JSON object instead of text.")
  var json = false

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads is \(threads), but has to be at least 1.") }
  }

  func run() throws {
    Job.run { communicator in
      try communicator.requireOneProcess(for: "score")
      ComputePool.configure(threadCount: threads ?? ComputePool.availableProcessorCount)
      let set = try AnnotationFormat.read(
        annotations, format: format == .lvis ? .lvis : .coco, checksImages: false, detectsLVIS: format == nil
      ).validated(forJudging: true)
      let rules: DetectionRules = (format.map { $0 == .lvis } ?? (set.format == .lvis)) ? .lvis : .coco
      let list = try DetectionList(contentsOf: detections, annotations: set, shape: iou)
      var scores = try DetectionJudge(list, of: set, rules: rules, shape: iou, ties: ties).scores()
      if rules.kind == .lvis {
        let fixed = try DetectionJudge(list, of: set, rules: .lvisFixed, shape: iou, ties: ties).scores()
        scores.append("APfixed", fixed["AP"])
        for frequency in Category.Frequency.allCases {
          scores.append("AP\(frequency.rawValue)fixed", fixed["AP\(frequency.rawValue)"])
        }
      }
      let report = DetectionReport(
        scores: scores, annotations: set, detectionCount: list.count, shape: iou, annotationsName: annotations, detectionsName: detections,
        countsTies: ties == .file)
      let written = try write(report)
      printNow(json ? report.json.pretty : report.text(for: Terminal.detect(descriptor: 1)))
      if !json { for path in written { printNow("wrote \(path)\n") } }
    }
  }

  private func write(_ report: DetectionReport) throws -> [String] {
    guard let output else { return [] }
    do {
      try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
      let files = [("scores.json", report.json.pretty), ("classes.csv", report.csv), ("report.html", report.html)]
      for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: "\(output)/\(name)"), options: .atomic) }
      return files.map { "\(output)/\($0.0)" }
    } catch {
      throw LongtailError(
        .inputOutput, "\(output): cannot be written: \(error.localizedDescription)",
        advice: "Check permissions and space, or name another place with --output.")
    }
  }
}
