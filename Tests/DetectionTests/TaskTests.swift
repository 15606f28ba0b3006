import Datasets
import Foundation
import Images
import Models
import Networks
import Objectives
import Tasks
import Tensors
import TestSupport
import Testing

@testable import Detection

/// Detection as a task: boxes under a geometry, data sets, tallies over ranks, scores, pictures.
@Suite(.serialized, .computePool) struct TaskTests {
  private static func annotation(_ boxes: [(CornerBox, Int32, Bool)], _ size: ImageSize) -> BoxAnnotation {
    BoxAnnotation(objects: boxes.map { .init(box: $0.0, label: $0.1, isCrowd: $0.2) }, size: size)
  }

  /// A bright square on black goes where its box goes, whatever chance decides.
  @Test func boxesFollowTheirImage() throws {
    var picture = RGBImage(width: 64, height: 48)
    picture.fill(x: 20..<40, y: 10..<26, with: .white)
    let truth = Self.annotation(
      [(CornerBox(20, 10, 40, 26), 3, false), (CornerBox(0, 0, 9, 9), 1, true)], ImageSize(width: 64, height: 48))
    var variation = AugmentationPipeline()
    (variation.mean, variation.standardDeviation) = ([0, 0, 0], [1, 1, 1])
    variation.horizontalFlipProbability = 0.5
    variation.randomScale = 0.7...1.4
    let canvas = ImageSize(width: 128, height: 96)
    let input = DetectionInput(variation, canvas: canvas)
    #expect(input.fixedOutputSize == canvas)
    let prepared = input.prepared(Datasets.AnnotatedImage(image: picture, annotation: truth))
    #expect(prepared.image.width == 128 && prepared.image.height == 96)
    let targets = DetectionTargets(capacity: 2)
    targets.prepare(images: 1)
    var (flips, kept) = (0, 0)
    var varied = variation
    varied.randomCrop = canvas
    for epoch in 0..<20 {
      var planes = [Float](repeating: 0, count: 3 * 96 * 128)
      let geometry = try planes.withUnsafeMutableBufferPointer {
        try varied.write(prepared.image, epoch: epoch, index: 5, height: 96, width: 128, to: $0)
      }
      try targets.write(prepared.annotation, geometry, at: 0)
      flips += geometry.isFlipped ? 1 : 0
      // Crowds are no targets.
      #expect(targets.images[0].boxes.allSatisfy { $0.label == 3 })
      let bright = (0..<96).flatMap { y in (0..<128).filter { planes[y * 128 + $0] > 0.5 }.map { (x: $0, y: y) } }
      guard let box = targets.images[0].boxes.first?.box, let first = bright.first else { continue }
      kept += 1
      let columns = bright.map(\.x)
      #expect(abs(box.left - Float(columns.min() ?? 0)) <= 1.5 && abs(box.right - Float((columns.max() ?? 0) + 1)) <= 1.5, "\(epoch)")
      #expect(abs(box.top - Float(first.y)) <= 1.5, "\(epoch): \(box), \(first)")
    }
    #expect(flips > 4 && flips < 16 && kept > 10)
  }

  /// torchvision's rule for sizes, never beyond the canvas; what is left out of the canvas is the mean colour.
  @Test func sizesKeepTheirProportions() throws {
    let usual = AugmentationPipeline()
    let wide = DetectionInput(usual, canvas: ImageSize(width: 1344, height: 1344), shorterSide: 800, longerSide: 1333)
    #expect(wide.preparedSize(ImageSize(width: 640, height: 480)) == ImageSize(width: 1066, height: 800))
    #expect(wide.preparedSize(ImageSize(width: 2000, height: 500)) == ImageSize(width: 1333, height: 333))
    let small = DetectionInput(usual, canvas: ImageSize(width: 64, height: 32))
    #expect(small.preparedSize(ImageSize(width: 200, height: 200)) == ImageSize(width: 32, height: 32))
    let image = small.prepared(RGBImage(width: 30, height: 30))
    var planes = [Float](repeating: 7, count: 3 * 32 * 64)
    let geometry = try planes.withUnsafeMutableBufferPointer { try small.write(image, height: 32, width: 64, to: $0) }
    #expect(geometry.crop == ImageSize(width: 32, height: 32) && planes[40] == 0 && planes[0] < 0)
    #expect(longtailError { try DetectionInput(usual, canvas: ImageSize(width: 0, height: 8)).validate() }?.code == .usage)
  }

  /// Detections of two ranks, in any order, are those of one; the scores are the judge's.
  @Test func talliesDependOnNoRank() throws {
    let scenes = DrawnObjects(try ObjectScenes(width: 96, height: 64, train: 12, validation: 12, test: 0))
    let annotations = try scenes.annotations(of: .validation)
    var random = TestRandom(3)
    var found: [FoundObject] = []
    for (image, truth) in annotations.objectsByImage().enumerated() {
      for object in truth.objects {
        let shift = Float.random(in: -3...3, using: &random)
        let box = CornerBox(object.box.left + shift, object.box.top, object.box.right + shift, object.box.bottom)
        let label = Bool.random(using: &random) ? object.label : Int32.random(in: 0..<10, using: &random)
        found.append(FoundObject(image: Int32(image), label: label, score: Float.random(in: 0...1, using: &random), box: box))
      }
    }
    let groups = try ClassGroups(
      counts: annotations.objectsByImage().reduce(into: [Int64](repeating: 0, count: 10)) { counts, image in
        for object in image.objects { counts[Int(object.label)] += 1 }
      })
    let context = TallyContext(
      split: .validation, groups: groups, imageSize: ImageSize(width: 96, height: 64), paddedSize: ImageSize(width: 96, height: 64),
      pipeline: AugmentationPipeline(), comparesAtOwnSize: false)
    let detector = Detector(FasterRCNNOptions(), classes: 10, form: .sigmoid)
    func tallied(_ parts: [[FoundObject]]) throws -> Evaluation {
      var tally = DetectionTally(context, dataset: scenes, detector: detector)
      try tally.reduce(over: Gathered(parts.map(FoundObject.bytes)))
      return try tally.evaluation()
    }
    let one = try tallied([found])
    #expect(try tallied([Array(found[..<7])]).scores != one.scores)
    let half = found.count / 2
    let two = try tallied([Array(found[half...]), Array(found[..<half].reversed())])
    #expect(two.scores == one.scores && two.classes == one.classes && two.images == one.images && two.figures == one.figures)

    var list = DetectionList()
    for object in found.sorted(by: FoundObject.precedes) {
      list.append(image: Int(object.image), category: Int(object.label), score: Double(object.score), box: object.box.box)
    }
    let judged = try DetectionJudge(list, of: annotations, rules: .coco).scores()
    for (name, score) in [("ap", "AP"), ("ap50", "AP50"), ("ap75", "AP75"), ("ar", "AR@100")] {
      let (own, expected) = (try #require(one.scores.value(of: name)), try #require(judged[score]))
      #expect(abs(own - expected) < 1e-12, "\(name): \(own), \(expected)")
    }
    #expect(one.scores.value(of: "ap.Car") == judged.classes[0].averagePrecision)
    #expect(one.averagedClasses == judged.classes.count { $0.averagePrecision != nil })
    let tail = groups.classes(of: "tail").compactMap { judged.classes[$0].averagePrecision }
    #expect(one.scores.value(of: "ap.tail").map { $0 * Double(tail.count) } ?? 0 == tail.reduce(0, +))
    #expect(try #require(one.scores.value(of: "apFixed")) > 0)
    #expect(try FoundObject.list(FoundObject.bytes(found)) == found)
    #expect(longtailError { try FoundObject.list([1, 2, 3]) } != nil)
  }

  private struct Gathered: TallyGroup {
    let parts: [[UInt8]]
    init(_ parts: [[UInt8]]) { self.parts = parts }
    func sum(_ values: inout [Int64]) throws {}
    func sum(_ values: inout [Double]) throws {}
    func gather(_ bytes: [UInt8]) throws -> [[UInt8]] { parts }
  }

  /// Found, misnamed, missed; crowds count for nothing; the calibration's bins are shares.
  @Test func objectsHaveFates() throws {
    let size = (width: 100, height: 100)
    let categories = CategoryTable([Category(id: 1, name: "a"), Category(id: 2, name: "b")])
    let set = AnnotationSet(
      format: .coco, images: [.init(id: 1, fileName: "x", width: size.width, height: size.height)], categories: categories,
      instances: [
        Instance(id: 1, image: 0, category: 0, box: Box(x: 0, y: 0, width: 20, height: 20)),
        Instance(id: 2, image: 0, category: 0, box: Box(x: 40, y: 0, width: 20, height: 20)),
        Instance(id: 3, image: 0, category: 1, box: Box(x: 0, y: 40, width: 20, height: 20)),
        Instance(id: 4, image: 0, category: 1, box: Box(x: 50, y: 50, width: 50, height: 50), flags: .crowd),
      ])
    func object(_ label: Int32, _ score: Float, _ x: Float, _ y: Float) -> FoundObject {
      FoundObject(image: 0, label: label, score: score, box: CornerBox(x, y, x + 20, y + 20))
    }
    let matches = ObjectMatches(
      [object(0, 0.95, 1, 0), object(0, 0.9, 1, 1), object(0, 0.8, 0, 41), object(1, 0.7, 60, 60), object(1, 0.3, 0, 40)], of: set)
    // The third object of class 1 is taken for class 0 by the best that overlaps it; the second of class 0 is missed.
    #expect(matches.confusions.entries == [.init(truth: 0, prediction: 0, count: 1), .init(truth: 1, prediction: 0, count: 1)])
    #expect(matches.classResults.map(\.count) == [2, 1] && matches.classResults.map(\.predictedCount) == [3, 0])
    #expect(matches.classResults[1].takenFor.map(\.index) == [0])
    let image = try #require(matches.imageScores.first)
    #expect(image.count == 3 && image.correctCount == 1 && abs((image.value ?? 0) - 2.0 / 6) < 1e-9)
    let calibration = try #require(matches.calibration?.curves.first)
    #expect(calibration.points.map(\.y) == [1, 0, 0.5])
    let fates = try #require(matches.fates(names: ["a", "b"]))
    #expect(fates.curves.map { $0.points.map(\.y) } == [[0.5, 0], [0, 1], [0.5, 0]])
  }

  /// COCO json, VOC xml and YOLO text that hold the same boxes become the same data set.
  @Test func foldersOfAllFormatsAreOpened() throws {
    let scenes = try ObjectScenes(width: 96, height: 64, train: 5, validation: 2, test: 0)
    let set = try scenes.annotations(of: .train)
    try withTemporaryDirectory { root in
      for folder in ["coco", "yolo"] {
        try FileManager.default.createDirectory(atPath: "\(root)/\(folder)/images", withIntermediateDirectories: true)
        for index in 0..<5 {
          try scenes.image(split: .train, index: index).writePNG(to: "\(root)/\(folder)/images/train-0000\(index).png")
        }
      }
      try set.writeCOCO(to: "\(root)/coco/train.json")
      _ = try set.writeYOLO(to: "\(root)/yolo")
      // The same images are named for both splits there; here some are held out.
      let file = "\(root)/yolo/data.yaml"
      let text = try String(contentsOfFile: file, encoding: .utf8).replacingOccurrences(of: "val: images\n", with: "")
      try Data(text.utf8).write(to: URL(fileURLWithPath: file))
      for folder in ["coco", "yolo"] {
        let opened = try DetectionDatasets.make(name: "boxes", settings: ["root": .string("\(root)/\(folder)"), "validationShare": 0.4])
        #expect(opened.count(of: .train) == 3 && opened.count(of: .validation) == 2 && opened.count(of: .test) == 0, "\(folder)")
        #expect(opened.classes.map(\.name) == ObjectScenes.categories.categories.map(\.name))
        var statistics = LabelStatistics(classCount: 10)
        var total = 0
        for split in [Split.train, .validation] {
          for index in 0..<opened.count(of: split) {
            try opened.count(split: split, index: index, into: &statistics)
            let name = (opened.identifier(split: split, index: index) as NSString).lastPathComponent
            let place = try #require(Int(name.suffix(1)))
            let (own, expected) = (try opened.objects(split: split, index: index), try scenes.objects(split: .train, index: place))
            #expect(own.objects.count == expected.count)
            for (object, drawn) in zip(own.objects, expected) {
              #expect(Int(object.label) == drawn.kind.rawValue && abs(Double(object.box.left) - drawn.left) < 0.01)
            }
            #expect(try opened.image(split: split, index: index) == scenes.image(split: .train, index: place))
            total += own.objects.count
          }
        }
        #expect(statistics.imageCount == 5 && statistics.labelledPixels == total && total == set.instances.count)
        let selected = SelectedBoxes(opened, without: [.train: [1]])
        #expect(try selected.count(of: .train) == 2 && selected.annotations(of: .train).images.count == 2)
        #expect(try selected.objects(split: .train, index: 1) == opened.objects(split: .train, index: 2))
        #expect(try selected.digest(of: .train) != opened.digest(of: .train))
      }
    }
    #expect(longtailError { try DetectionDatasets.make(name: "boxes", settings: [:]) }?.code == .usage)
    #expect(longtailError { try DetectionDatasets.make(name: "boxes", settings: ["root": "/nowhere"]) } != nil)
    #expect(longtailError { try DetectionDatasets.make(name: "scenes", settings: ["widht": 3]) }?.message.contains("widht") == true)
  }

  /// A whole detector predicts through the border of its task: padding, second stage, boxes in the image's own pixels.
  @Test(arguments: RegionForm.allCases) func detectorsPredict(_ form: RegionForm) throws {
    var options = FasterRCNNOptions()
    (options.backboneWidth, options.pyramidChannels, options.headWidth, options.rows) = (8, 8, 16, 4)
    (options.proposals, options.detections, options.scoreThreshold) = (12, 5, 0)
    options.anchorSizes = [8, 16, 32, 64, 96]
    let scenes = DrawnObjects(try ObjectScenes(width: 80, height: 64, train: 2, validation: 2, test: 0))
    let detector = Detector(options, classes: 10, form: form)
    let task = DetectionTask(scenes, detector, graph: detector.graph(.eighteen))
    let graph = try #require(task.graph)
    #expect(graph.hasContinuedLogits && graph.allParameterNames.contains("roi_heads.box_predictor.cls_score.weight"))
    let network = try Network(graph: graph, images: 1, height: 96, width: 128, seed: 3)
    let head = try network.continuation(Continuation.regions).network
    let shapes = Dictionary(uniqueKeysWithValues: head.parameterNames.map { ($0.name, $0.shape) })
    #expect(shapes["roi_heads.box_head.fc6.weight"] == [16, 8 * 49] && shapes["roi_heads.box_predictor.bbox_pred.weight"] == [44, 16])
    #expect(shapes["roi_heads.box_predictor.cls_score.weight"] == [form.columns(classes: 10), 16])
    let pipelines = try task.pipelines(usual(ImageSize(width: 128, height: 96)))
    let inference = InferenceNetwork(network, pipeline: pipelines.evaluation, classNames: scenes.classes.map(\.name))
    let image = try scenes.image(split: .train, index: 0)
    let found = try task.predictions(of: image, inference)
    #expect(found.count == 5 && zip(found, found.dropFirst()).allSatisfy { $0.score >= $1.score })
    #expect(found.allSatisfy { $0.box.left >= 0 && $0.box.right <= 80.01 && $0.box.bottom <= 64.01 && $0.box.width > 0 })
    #expect(try task.predictions(of: image, inference) == found)
    let figure = try task.figure(.validation, index: 1, inference)
    guard case .drawing(let drawn) = figure.truth else { throw LongtailError(.internalError, "no drawing") }
    #expect(drawn.width % 80 == 0 && drawn.width > 80 && drawn.width == figure.input.width && drawn.height == figure.input.height)
    #expect(longtailError { try task.pipelines(usual(nil)) }?.advice?.contains("64") == true)
    #expect(try task.showcase(.train, groups: ClassGroups(places: Array(repeating: 2, count: 10)), count: 2).count == 2)
  }

  private func usual(_ size: ImageSize?) -> InputPipelines {
    var pipeline = AugmentationPipeline()
    pipeline.resize = size
    return InputPipelines(training: pipeline, evaluation: pipeline.withoutRandomness)
  }
}
