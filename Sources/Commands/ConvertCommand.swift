import ArgumentParser
import Collectives
import Detection
import Foundation
import Tensors

/// `longtail convert`: writes annotations in another format.
struct ConvertCommand: ParsableCommand {
  /// What can be written.
  enum Target: String, CaseIterable, ExpressibleByArgument {
    case coco
    case yolo
  }

  static let configuration = CommandConfiguration(
    commandName: "convert", abstract: "Writes annotations of objects as COCO json or as YOLO's text files.",
    discussion: """
      Reads what longtail inspect reads: COCO and LVIS json, VOC xml, YOLO text. Anything that is wrong is named, and nothing is written. \
      COCO json keeps ids, masks and flags, and what LVIS adds. YOLO's files go to labels/ below --output, with a data.yaml; class numbers are \
      the columns of the classes in the order of their ids, and crowds, which have no form there, are left out. Images are not copied.
      """)

  @Argument(help: "JSON, a folder of XML or text files, or a data.yaml.")
  var annotations: String

  @Option(help: "What is written: coco or yolo.")
  var to: Target

  @Option(help: ArgumentHelp("The JSON file, or YOLO's folder.", valueName: "path"))
  var output: String

  @Option(help: ArgumentHelp("Where the images are; by default they are looked for beside the annotations.", valueName: "dir"))
  var images: String?

  @Option(help: "Of a data.yaml: only this split: train, val or test.")
  var split: String?

  @Flag(help: "YOLO: polygons where there are masks, instead of boxes.")
  var masks = false

  func run() throws {
    Job.run { communicator in
      try communicator.requireOneProcess(for: "convert")
      let set = try AnnotationFormat.read(annotations, imageFolder: images, split: split).validated()
      var leftOut = 0
      switch to {
      case .coco: try set.writeCOCO(to: output)
      case .yolo: leftOut = try set.writeYOLO(to: output, masks: masks)
      }
      printNow("wrote \(set.instances.count - leftOut) objects of \(set.images.count) images to \(output)\n")
      if leftOut > 0 { printNow("note: \(leftOut) crowds were left out\n") }
    }
  }
}
