import Configuration
import Datasets
import Images
import Tensors

extension Configuration.DataSet {
  /// `range`, as decoders take it; nil where it is not given.
  package var sampleRange: SampleRange? {
    guard let range, range.count == 2 else { return nil }
    return SampleRange(low: range[0], high: range[1])
  }
}

extension Experiment {
  /// Reads an image file as those of the data set are read: upright, and with `data.range` where it has 16 bits.
  /// - Parameter note: receives what readers of the results should know.
  /// - Throws: `.missingInput`, `.badData`; also for 16 bits without a range.
  package func image(contentsOf path: String, note: (String) -> Void) throws -> RGBImage {
    guard let range = configuration.data.sampleRange else {
      // Refuses 16 bits.
      return try RGBImage(contentsOf: path)
    }
    let file = try ImageFile(contentsOf: path, range: range)
    if let samples = file.deep, samples.countBeyondRange * 20 > samples.count {
      note(
        "\(path): \(100 * samples.countBeyondRange / samples.count) % of its values, \(samples.least) to \(samples.greatest), lie outside "
          + "data.range \(range) and are cut off")
    }
    return file.image
  }

  /// Warnings about the data before the first step: what is unusual, though it need not be wrong.
  /// - Parameter audits: counts of the splits, the training split's first.
  package func remarks(on audits: [LabelAudit]) -> [String] {
    var remarks = audits.flatMap { audit in audit.statistics.remarks.map { "\(audit.split.shortName): \($0)" } }
    guard let training = audits.first else { return remarks }
    for audit in audits.dropFirst() {
      if let shared = SharedImages(training.statistics, of: training.split, audit.statistics, of: audit.split) {
        remarks.append(shared.message)
      }
    }
    return remarks
  }
}
