import Configuration
import Datasets
import Foundation
import Reports
import Tensors
import Training

/// Lists of the samples of each split: `train.txt`, `val.txt`, `test.txt`, a name a line. They can be given back as `data.split.trainList`
/// and `data.split.validationList`, or as a folder's own lists.
enum SampleListFiles {
  /// Where a run keeps the lists of its division.
  static let folder = "split"

  /// Writes a list for each split that has samples.
  /// - Throws: `.inputOutput`.
  static func write(_ experiment: Experiment, to folder: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      for split in Split.allCases where experiment.dataset.count(of: split) > 0 {
        try experiment.list(of: split).write(toFile: path(split, in: folder), atomically: true, encoding: .utf8)
      }
      for file in try experiment.task.dataFiles() {
        try file.text.write(toFile: "\(folder)/\(file.name)", atomically: true, encoding: .utf8)
      }
    } catch {
      throw LongtailError(
        .inputOutput, "cannot write lists of samples to \(folder): \(error.localizedDescription)", advice: "Check space and permissions.")
    }
  }

  /// Refuses to go on with other training or validation samples than the run was begun with.
  /// - Throws: `.mismatch` with the first sample that differs.
  static func requireSame(_ experiment: Experiment, in directory: RunDirectory) throws {
    for file in try experiment.task.dataFiles() {
      guard let kept = try? String(contentsOfFile: directory.file(file.name), encoding: .utf8), kept != file.text else { continue }
      throw LongtailError(
        .mismatch, "the training data is not that which the run was begun with: \(directory.file(file.name)) says otherwise",
        advice: "Bring the data back as it was, or begin a new run in another `output`.")
    }
    guard experiment.configuration.data.split != nil else { return }
    let folder = directory.file(self.folder)
    for split in [Split.train, .validation] {
      guard let kept = try? String(contentsOfFile: path(split, in: folder), encoding: .utf8) else { continue }
      let (before, now) = (lines(kept), lines(experiment.list(of: split)))
      guard before != now else { continue }
      let place = zip(before, now).enumerated().first { $1.0 != $1.1 }?.offset ?? min(before.count, now.count)
      func name(_ list: [Substring]) -> String { place < list.count ? "'\(list[place])'" : "no more" }
      throw LongtailError(
        .mismatch,
        "the \(split.shortName) samples are not those that the run was begun with: it had \(before.count) and at place \(place + 1) "
          + "\(name(before)), now there are \(now.count) and \(name(now)); files were added, removed or labelled anew",
        advice: "Begin a new run; with \(folder)/train.txt and val.txt as data.split.trainList and validationList it has the same samples.")
    }
  }

  /// Has a configuration divide its samples by the lists that a run kept, where it has a division and the lists are there.
  /// - Parameter checkpoint: a checkpoint's directory in the run's own.
  static func useKept(beside checkpoint: String, in configuration: inout Configuration) {
    guard let rule = configuration.data.split, rule.trainList == nil else { return }
    let run = URL(fileURLWithPath: checkpoint).deletingLastPathComponent().deletingLastPathComponent().path
    let lists = [Split.train, .validation].map { path($0, in: "\(run)/\(folder)") }
    guard lists.allSatisfy(FileManager.default.fileExists(atPath:)) else { return }
    var kept = Configuration.Division()
    (kept.trainList, kept.validationList) = (lists[0], lists[1])
    configuration.data.split = kept
  }

  private static func path(_ split: Split, in folder: String) -> String { "\(folder)/\(split.shortName).txt" }

  private static func lines(_ text: String) -> [Substring] { text.split(whereSeparator: \.isNewline) }
}
