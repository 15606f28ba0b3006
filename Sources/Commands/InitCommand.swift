import ArgumentParser
import Datasets
import Foundation
import Recognition
import Reports
import Tensors
import Threading
import Training

/// `longtail init`: a configuration for data at hand.
struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Looks at a data set, and writes a configuration that trains on it.",
    discussion: """
      Recognizes the official layouts of the data sets that it knows, images with labels of the same names in folders, and images with a \
      class each: one folder a class, lists, tables, the files of CIFAR and MNIST. It counts the \
      classes, and chooses image size, batch and groups for the data and this machine. What it writes is a YAML file with comments, to be \
      changed at will: longtail train FILE works with it as it is.
      """)

  @Argument(help: "The folder of a data set, the official file of nyuv2, or a list or table of images.", completion: .directory)
  var data: String

  @Option(name: .shortAndLong, help: ArgumentHelp("The file to write; by default NAME.yaml here.", valueName: "file"))
  var output: String?

  func run() throws {
    Job.run { communicator in
      try communicator.requireOneProcess(for: "init")
      let root = URL(fileURLWithPath: data).standardizedFileURL.path
      let path = output ?? Self.defaultName(root)
      // Before anything takes time.
      if FileManager.default.fileExists(atPath: path) { throw Self.exists(path) }
      let layout: RecognizedData
      do { layout = try RecognizedData(root) } catch {
        // Images with labels for their pixels come first: folders such as PASCAL VOC's hold both.
        guard let choice = try InitialDetection(root, processor: ProcessorFacts(SystemFiles())) else { throw error }
        try Self.write(choice.text(path: path, data: data), to: path)
        printNow(choice.summary + "\nwrote \(path)\n")
        for note in choice.notes { printNow("note: \(note)\n") }
        return printNow("\n  longtail inspect \(data)\n  longtail train \(path)\n")
      }

      ComputePool.configure(threadCount: try communicator.threadsPerRank())
      switch layout {
      case .labelMaps(let layout): try writeForLabelMaps(layout, to: path)
      case .imageClasses(let layout): try writeForImageClasses(layout, to: path)
      }
      printNow("\n  longtail inspect \(path)\n  longtail train \(path)\n")
    }
  }

  /// Writes a configuration for label maps.
  private func writeForLabelMaps(_ layout: RecognizedLayout, to path: String) throws {
    let files = SystemFiles()
    let survey = try DataSurvey(layout.open(), threads: max(2, ProcessorFacts(files).physicalCores))
    guard survey.statistics.labelledPixels > 0 else {
      throw LongtailError(
        .badData, "none of the \(survey.statistics.imageCount) training samples that were read has a pixel with a class",
        advice: survey.problem?.message ?? "Look at the labels: longtail inspect \(data)")
    }
    let choice = try InitialConfiguration(layout, survey: survey, processor: ProcessorFacts(files), memory: MemoryFacts(files))
    try Self.write(choice.text(path: path, data: data), to: path)
    printNow(choice.summary + "\nwrote \(path)\n")
    for note in layout.notes { printNow("note: \(note)\n") }
    if let problem = survey.problem { printNow("warning: \(problem)\n") }
    for remark in choice.remarks { printNow("note: \(remark)\n") }
  }

  /// Writes a configuration for images with a class each.
  private func writeForImageClasses(_ layout: RecognizedLayout, to path: String) throws {
    let files = SystemFiles()
    let dataset = try RecognitionDatasets.open(layout.dataset, settings: layout.registrySettings)
    let sample = try ImageSample(dataset, threads: max(2, ProcessorFacts(files).physicalCores))
    let choice = try ImageClassConfiguration(layout, sample, processor: ProcessorFacts(files), memory: MemoryFacts(files))
    try Self.write(choice.text(path: path, data: data), to: path)
    printNow(choice.summary + "\nwrote \(path)\n")
    for note in layout.notes { printNow("note: \(note)\n") }
    let (errors, remarks) = sample.problems(isRangeKnown: true)
    for error in errors { printNow("warning: \(error)\n") }
    // The split is chosen already.
    for remark in remarks where !remark.hasPrefix("there is no validation split") { printNow("note: \(remark)\n") }
  }

  /// The name of the data set's folder or file, as a file here.
  private static func defaultName(_ root: String) -> String {
    let name = URL(fileURLWithPath: root).deletingPathExtension().lastPathComponent
    return (name.isEmpty || name == "/" ? "configuration" : name) + ".yaml"
  }

  private static func exists(_ path: String) -> LongtailError {
    LongtailError(.usage, "\(path) is there already", advice: "Choose another file with --output, or remove that one.")
  }

  /// Makes a file that is not there yet.
  private static func write(_ text: String, to path: String) throws {
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .withoutOverwriting)
    } catch {
      if FileManager.default.fileExists(atPath: path) { throw exists(path) }
      throw LongtailError(
        .inputOutput, "cannot write \(path): \(error.localizedDescription)", advice: "Check the folder and its permissions.")
    }
  }
}
