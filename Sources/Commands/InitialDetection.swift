import Datasets
import Detection
import Foundation
import Images
import Reports
import Settings
import Tensors
import Training

/// What `init` chooses for a folder of annotations of objects, and how it writes it down.
struct InitialDetection {
  private let root: String
  private let images: any DetectionDataset
  private let size: ImageSize
  private let anchors: [Double]
  private let canonicalSize: Double
  private let isSmall: Bool
  private let epochs: Int
  private let holdsOut: Bool
  private let counts: [Int]
  private let why: String
  /// Warnings for the user.
  let notes: [String]

  /// Looks at the annotations of a folder; images are looked at before training.
  /// - Returns: nil where a folder holds none.
  /// - Throws: `LongtailError` for annotations that cannot be read.
  init?(_ root: String, processor: ProcessorFacts) throws {
    guard let found = try? BoxFiles.recognized(root), !found.isEmpty else { return nil }
    holdsOut = found[.validation] == nil
    self.root = root
    images = try DetectionDatasets.make(
      name: "boxes", settings: ["root": .string(root), "validationShare": .double(holdsOut ? 0.2 : 0)])
    let set = try images.annotations(of: .train)
    guard !set.instances.isEmpty else {
      throw LongtailError(.badData, "\(root): the training annotations have no box", advice: "longtail inspect \(root)")
    }
    let cores = max(1, processor.physicalCores)
    isSmall = cores <= 16
    let longest = cores <= 4 ? 256 : cores <= 16 ? 384 : 1344
    let (width, height) = (set.images.map { Double($0.width) }.median ?? 0, set.images.map { Double($0.height) }.median ?? 0)
    let scale = min(isSmall ? 1 : .infinity, Double(longest) / max(1, width, height))
    func side(_ length: Double) -> Int { max(64, Int((length * scale / 32).rounded(.up)) * 32) }
    size = ImageSize(width: side(width), height: side(height))
    // The sides of squares as large as the boxes, on the canvas.
    let sides = set.instances.map { instance -> Double in
      let image = set.images[instance.image]
      let own = min(Double(side(width)) / Double(max(1, image.width)), Double(side(height)) / Double(max(1, image.height)))
      return max(1, instance.box.area).squareRoot() * own
    }.sorted()
    func share(_ part: Double) -> Double { sides[min(sides.count - 1, Int(part * Double(sides.count)))] }
    let (low, high) = (max(6, share(0.1)), max(12, share(0.95)))
    anchors =
      isSmall ? (0..<5).map { (low * pow(max(1.5, high / low), Double($0) / 4)).rounded() } : [32, 64, 128, 256, 512]
    canonicalSize = isSmall ? min(224, max(32, (2 * share(0.5)).rounded())) : 224
    counts = set.instances.reduce(into: [Int](repeating: 0, count: set.categories.count)) { counts, instance in
      if !instance.flags.contains(.crowd) { counts[instance.category] += 1 }
    }
    epochs = min(100, max(12, 16_000 / max(1, set.images.count)))
    why = Formatting.plural(cores, "core")
    var notes: [String] = []
    if holdsOut { notes.append("a fifth of the training images is held out for validation") }
    let absent = counts.count { $0 == 0 }
    if absent > 0 { notes.append("\(absent) of \(counts.count) classes have no box among the training images") }
    self.notes = notes
  }

  /// What a person should know at once.
  var summary: String {
    let splits = [Split.train, .validation, .test].filter { images.count(of: $0) > 0 }
      .map { "\(Formatting.count(images.count(of: $0))) \($0.shortName)" }.joined(separator: ", ")
    return "boxes: \(splits) images, \(counts.count) classes, \(Formatting.count(counts.reduce(0, +))) boxes in training\ncanvas \(size)"
  }

  /// The file.
  func text(path: String, data: String) -> String {
    var file = YAMLText(commentColumn: 38)
    file.comment("Written by longtail init for \(data)")
    file.comment("")
    file.comment("  longtail inspect \(data)    # what is wrong with the annotations")
    file.comment("  longtail train \(path)")
    file.comment("")
    file.comment("Boxes of each class in training:")
    for line in classLines { file.comment(line) }
    file.key("task", "detection")
    file.section("data")
    file.key("name", "boxes", depth: 1)
    file.key("root", .string(root), depth: 1)
    file.key(
      "size", pairs: ["width": .int(size.width), "height": .int(size.height)], depth: 1,
      "the canvas that images are put on, with their proportions kept; chosen for \(why)")
    if holdsOut {
      file.key("settings", nil, depth: 1)
      file.key("validationShare", 0.2, depth: 2, "of the training images, held out for validation")
    }
    file.key("augmentation", nil, depth: 1)
    file.key("flip", 0.5, depth: 2, "half of the training images are flipped left to right; 0 where left and right differ in meaning")
    file.section("model")
    file.key("name", .string(isSmall ? "fasterRCNN-resnet18" : "fasterRCNN-resnet50"), depth: 1)
    file.key("settings", nil, depth: 1)
    if isSmall {
      file.key("backboneWidth", 32, depth: 2, "half of the published network")
      file.key("pyramidChannels", 64, depth: 2)
      file.key("headWidth", 256, depth: 2)
      file.key("anchorSamples", 128, depth: 2)
      file.key("rows", 64, depth: 2, "regions of an image that train the second stage")
      file.key("trainingProposals", 400, depth: 2)
      file.key("proposals", 200, depth: 2)
    }
    file.key("anchorSizes", .list(anchors.map { .double($0) }), depth: 2, "sides of squares on the canvas, from the sizes of the boxes")
    file.key("canonicalSize", .double(canonicalSize), depth: 2)
    file.section("objective")
    file.key("name", "balancedSigmoid", depth: 1, "sigmoid is the baseline to compare with")
    file.section("optimizer")
    file.key("name", "adam", depth: 1)
    file.key("learningRate", 1e-3, depth: 1)
    file.section("schedule")
    file.key("name", "cosine", depth: 1, "down to zero, a little in every step")
    file.key("warmupSteps", 100, depth: 1)
    file.key("gradientClipping", 10.0)
    file.section("training")
    file.key("epochs", .int(epochs), depth: 1, "passes over the training images")
    file.key("globalBatch", 8, depth: 1, "images of a step, over all ranks together")
    file.section("evaluation")
    file.key("every", .int(max(1, epochs / 6)), depth: 1)
    file.section("checkpoint")
    file.key("best", ["ap", "ap50"], depth: 1, "beside the newest ones, the best by these are kept")
    return file.text
  }

  private var classLines: [String] {
    let order = counts.indices.sorted { (counts[$1], $0) < (counts[$0], $1) }.filter { counts[$0] > 0 }.prefix(40)
    var (lines, line) = ([String](), " ")
    for index in order {
      let entry = " \(images.categories[index].name) \(Formatting.count(counts[index])),"
      if line.count + entry.count > 116 {
        lines.append(line)
        line = " "
      }
      line += entry
    }
    return lines + [String(line.dropLast())]
  }
}
