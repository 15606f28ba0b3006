import Datasets
import Recognition
import Tensors

/// A data set that was recognized by its files, with what it is labelled with.
enum RecognizedData {
  /// A class for each pixel.
  case labelMaps(RecognizedLayout)
  /// A class for each image.
  case imageClasses(RecognizedLayout)

  /// Finds out which data set lies at a path.
  /// - Throws: `.missingInput` where there is nothing; `.badData` where nothing is recognized, telling what was looked for, and for labels that
  ///   are none.
  init(_ path: String) throws {
    if let layout = try DatasetRegistry.recognized(path) {
      self = .labelMaps(layout)
    } else if let layout = try RecognitionDatasets.recognize(path) {
      self = .imageClasses(layout)
    } else {
      throw DatasetRegistry.unrecognized(path, others: RecognitionDatasets.layouts.map { ("\($0.name) (recognition)", $0.files) })
    }
  }
}
