import ArgumentParser
import Checkpoints
import Collectives
import Configuration
import Datasets
import Detection
import Foundation
import Images
import Recognition
import Reports
import Tensors
import Training

/// `longtail inspect`: what is inside a checkpoint, or a data set.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Shows what a checkpoint or a data set holds.",
    discussion: """
      Of a checkpoint: step, configuration, metrics, and every tensor with its figures. Of a data set, which is a folder that longtail init \
      recognizes or a configuration: what the numbers in its label files mean, how often classes occur, what is wrong, and a picture of some \
      samples with their labels in colour; of images with a class each, counts, groups and a sheet of images. Large data sets are read in part. Of annotations of objects, which are COCO or LVIS json, a folder of \
      VOC's xml or YOLO's text files, or a data.yaml: classes and boxes, and every entry that is wrong, with file and id.

      Of a run directory it lists the checkpoints and shows the newest. Norm, mean, smallest and largest number leave out what is not finite, \
      which is counted by itself. Two tensors with one digest hold the same bits.

      With --augmented the picture shows what the network sees in training: the first samples of a configuration in several epochs, as \
      data.augmentation varies them, with their labels; and the text, how often classes are expected in them.

      Damaged checkpoints are shown as far as they can be read; the exit code is then 74. Where data would be refused it is 65.
      """)

  @Argument(
    help: "A run directory or a checkpoint; a data set's folder, or a configuration in YAML; annotations of objects.",
    completion: .directory)
  var path: String

  @Option(help: ArgumentHelp("Which checkpoint of a run, by its step; by default the newest.", valueName: "n"))
  var step: Int?

  @Option(help: ArgumentHelp("Only tensors whose names contain this.", valueName: "text"))
  var match: String?

  @Flag(help: "Prints the run's configuration instead, as YAML.")
  var config = false

  @Flag(help: "Prints one JSON object instead of text.")
  var json = false

  @Flag(help: "Of a configuration: shows training images as they are augmented.")
  var augmented = false

  @Option(
    name: [.customLong("picture"), .customLong("output")],
    help: ArgumentHelp("Of data: the picture's file; by default NAME-samples.png or NAME-augmented.png here.", valueName: "file"))
  var picture: String?

  @Option(
    help: ArgumentHelp("Of data: how many samples, or classes of whole images, are in the picture; 0 for no picture.", valueName: "n"))
  var samples = 4

  @Option(help: ArgumentHelp("With --augmented: how many epochs are in the picture.", valueName: "n"))
  var epochs = 4

  @Option(help: "Of data: the split that the picture shows; of a data.yaml: the only one that is read: train, val or test.")
  var split: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Of a configuration: changes a key of it; may be repeated.", valueName: "a.b=c"))
  var overrides: [String] = []

  @Option(help: ArgumentHelp("Of annotations: where their images are; by default they are looked for beside them.", valueName: "dir"))
  var images: String?

  func validate() throws {
    if !(0...64).contains(samples) { throw ValidationError("--samples is \(samples), but has to be from 0 to 64.") }
    if !(1...16).contains(epochs) { throw ValidationError("--epochs is \(epochs), but has to be from 1 to 16.") }
    if augmented, split != nil { throw ValidationError("--augmented shows training samples; leave out --split.") }
    if augmented, json { throw ValidationError("--augmented makes a picture and a text; leave out --json.") }
    if !overrides.isEmpty, !["yaml", "yml"].contains((path as NSString).pathExtension.lowercased()) {
      throw ValidationError("--set changes keys of a configuration, but \(path) is none.")
    }
    if config, json { throw ValidationError("--config prints YAML; leave out --json, which holds the configuration as well.") }
  }

  func run() throws {
    Job.finish { communicator in
      try communicator.requireOneProcess(for: "inspect")
      if augmented {
        try showAugmented(communicator)
        return 0
      }
      if let code = try inspectData() { return code }
      let (directory, others) = try locate()
      var report = InspectionReport(try CheckpointStore.inspect(directory: directory), others: others)
      report.match = match
      if config {
        guard let run = report.inspection.run else {
          throw LongtailError(.inputOutput, "run.json of \(directory) cannot be read", advice: "See longtail verify.")
        }
        printNow(run.configurationText)
      } else {
        printNow(json ? report.json.pretty : report.text(for: Terminal.detect(descriptor: 1)))
      }
      let examination = report.inspection.examination
      if examination.isValid { return 0 }
      return (examination.isOfNewerFormat ? LongtailError.Code.mismatch : .inputOutput).rawValue
    }
  }

  /// Shows what the network of a configuration sees.
  private func showAugmented(_ communicator: any Communicator) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
      throw LongtailError(.usage, "--augmented needs a configuration, but \(path) is \(isFolder.boolValue ? "a folder" : "not there")")
    }
    let name = URL(fileURLWithPath: path).standardizedFileURL.deletingPathExtension().lastPathComponent
    let file = picture ?? "\(name)-augmented.png"
    if samples > 0 { try OwnFile.requireReplaceable(file, advice: "Name another file with --output, or none with --samples 0.") }
    let inspection = try AugmentationInspection(try Configuration.load(path, overrides: overrides), communicator: communicator)
    printNow(inspection.text())
    guard samples > 0 else { return }
    try inspection.sheet(samples: samples, epochs: epochs).writePNG(to: file, software: OwnFile.mark)
    FileHandle.standardError.write(Data("wrote \(file)\n".utf8))
  }

  /// Shows a data set, where the path names one.
  /// - Returns: the exit code; nil for what may be a run or a checkpoint.
  private func inspectData() throws -> Int32? {
    let files = FileManager.default
    var isFolder: ObjCBool = false
    guard files.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
    if isFolder.boolValue, (try? CheckpointLocation(path)) != nil { return nil }
    if let code = try inspectAnnotations(isFolder: isFolder.boolValue) { return code }
    let name = URL(fileURLWithPath: path).standardizedFileURL.deletingPathExtension().lastPathComponent
    let file = picture ?? "\(name)-samples.png"
    guard split == nil || split.flatMap(Split.init(argument:)) != nil else {
      throw LongtailError(.usage, "there is no split '\(split ?? "")'", advice: "Known: train, val, test.")
    }
    if let code = try inspectImageClasses(isFolder: isFolder.boolValue, picture: file) { return code }
    if let code = try inspectBoxes(isFolder: isFolder.boolValue, picture: file) { return code }
    let dataset: any SegmentationDataset
    var notes: [String] = []
    var hasSize = false
    var isConfigured = false
    if !isFolder.boolValue, !path.hasSuffix(".mat") {
      let configuration = try Configuration.load(path, overrides: overrides)
      dataset = try DatasetRegistry.make(
        name: configuration.data.name, settings: configuration.data.registrySettings, range: configuration.data.sampleRange)
      hasSize = configuration.data.size != nil
      isConfigured = true
    } else {
      do {
        let layout = try DatasetRegistry.recognize(URL(fileURLWithPath: path).standardizedFileURL.path)
        notes = layout.notes
        dataset = try layout.open()
      } catch let error as LongtailError where isFolder.boolValue {
        throw LongtailError(
          error.code, "\(path) is neither a run directory nor a checkpoint; and \(error.message)", advice: error.advice)
      }
    }
    // Before anything takes time.
    if samples > 0 { try OwnFile.requireReplaceable(file, advice: "Name another file with --picture, or none with --samples 0.") }
    let inspection = try DataInspection(
      title: path, dataset, hasSize: hasSize, isConfigured: isConfigured, notes: notes,
      threads: max(2, ProcessorFacts(SystemFiles()).physicalCores))
    try show(inspection.json, inspection.text, in: file) { try inspection.picture(of: $0, count: samples) }
    return inspection.problems.errors.isEmpty ? 0 : LongtailError.Code.badData.rawValue
  }

  /// Shows images with a class each, where the path names some: a configuration of task recognition, a folder, a list or a table.
  private func inspectImageClasses(isFolder: Bool, picture file: String) throws -> Int32? {
    let dataset: LabelledImages
    var range: SampleRange?
    var isConfigured = false
    let ending = (path as NSString).pathExtension.lowercased()
    if !isFolder, ["yaml", "yml"].contains(ending) {
      let configuration = try Configuration.load(path, overrides: overrides)
      guard configuration.task == RecognitionTask.name else { return nil }
      (dataset, range) = (try RecognitionTask.open(configuration).images.images, configuration.data.sampleRange)
      isConfigured = true
    } else if isFolder || ["txt", "csv"].contains(ending) {
      let place = URL(fileURLWithPath: path).standardizedFileURL.path
      guard case .imageClasses(let layout)? = try? RecognizedData(place) else { return nil }
      dataset = try RecognitionDatasets.open(layout.dataset, settings: layout.registrySettings)
    } else {
      return nil
    }
    if samples > 0 { try OwnFile.requireReplaceable(file, advice: "Name another file with --picture, or none with --samples 0.") }
    let sample = try ImageSample(dataset, range: range, threads: max(2, ProcessorFacts(SystemFiles()).physicalCores))
    let inspection = ImageClassInspection(title: path, sample: sample, isConfigured: isConfigured)
    try show(inspection.json, inspection.text, in: file) { try sample.sheet(of: $0, rows: samples) }
    return inspection.problems.errors.isEmpty ? 0 : LongtailError.Code.badData.rawValue
  }

  /// Shows images with boxes, where the path is a configuration of task detection.
  private func inspectBoxes(isFolder: Bool, picture file: String) throws -> Int32? {
    guard !isFolder, ["yaml", "yml"].contains((path as NSString).pathExtension.lowercased()) else { return nil }
    if samples > 0 { try OwnFile.requireReplaceable(file, advice: "Name another file with --picture, or none with --samples 0.") }
    guard let inspection = try BoxInspection(title: path, Configuration.load(path, overrides: overrides)) else { return nil }
    try show(inspection.json, inspection.text, in: file) { try inspection.picture(of: $0, count: samples) }
    return inspection.hasFaults ? LongtailError.Code.badData.rawValue : 0
  }

  /// Prints what was found in data, and draws samples of the split that was asked for where any are wanted.
  private func show(_ values: JSONValue, _ text: (Terminal) -> String, in file: String, picture: (Split?) throws -> RGBImage) throws {
    printNow(json ? values.pretty : text(Terminal.detect(descriptor: 1)))
    guard samples > 0 else { return }
    try picture(split.flatMap(Split.init(argument:))).writePNG(to: file, software: OwnFile.mark)
    FileHandle.standardError.write(Data("wrote \(file)\n".utf8))
  }

  /// Shows annotations of objects, where the path names some and no data set for segmentation.
  private func inspectAnnotations(isFolder: Bool) throws -> Int32? {
    guard AnnotationInspection.recognizes(path) else { return nil }
    if isFolder, (try? DatasetRegistry.recognize(path)) != nil { return nil }
    guard overrides.isEmpty else {
      throw LongtailError(.usage, "--set changes keys of a configuration, but \(path) is a list of annotations", advice: "Leave it out.")
    }
    let inspection = AnnotationInspection(title: path, try AnnotationFormat.read(path, imageFolder: images, split: split))
    printNow(json ? inspection.json.pretty : inspection.text(for: Terminal.detect(descriptor: 1)))
    return inspection.reading.faults.isEmpty ? 0 : LongtailError.Code.badData.rawValue
  }

  /// The checkpoint to show, and the steps of all that lie beside it.
  private func locate() throws -> (directory: String, others: [Int]) {
    switch try CheckpointLocation(path) {
    case .checkpoint(let directory):
      if step != nil { throw LongtailError(.usage, "--step chooses among a run's checkpoints, but \(path) is one") }
      return (directory, [])
    case .store(let store):
      let steps = try store.steps()
      guard let newest = steps.last else { throw LongtailError(.missingInput, "there is no checkpoint in \(store.directory)") }
      guard let step, !steps.contains(step) else { return (store.path(step: step ?? newest), steps) }
      throw LongtailError(
        .missingInput, "'\(store.directory)' holds no checkpoint of step \(step)",
        advice: "It holds steps \(steps.map { "\($0)" }.joined(separator: ", ")).")
    }
  }
}
