import Images
import Tensors

extension LabelMap {
  /// The classes in a label file, from the histogram of its numbers; what is ignored or unknown is left out.
  func entries(of histogram: [Int], classCount: Int) -> [SampleClasses.Entry] {
    var counts = [Int](repeating: 0, count: classCount)
    for number in 0..<min(256, histogram.count) where histogram[number] > 0 {
      if case .classIndex(let index) = meanings[number], index < classCount { counts[index] += histogram[number] }
    }
    return counts.enumerated().filter { $0.element > 0 }.map { SampleClasses.Entry(classIndex: $0.offset, count: $0.element) }
  }
}

extension SampleClasses {
  /// Counts the labels of a split: its pixels by class, sample by sample. Reads each label file once, and no image.
  /// - Parameters:
  ///   - threads: loading threads; at least 1.
  ///   - skipsUnreadable: whether a sample whose labels cannot be used counts as one without any, instead of ending it all.
  /// - Throws: `.missingInput`, `.badData`, `.inputOutput` as reading labels.
  public init(countingLabelsOf dataset: any SegmentationDataset, split: Split, threads: Int, skipsUnreadable: Bool) throws {
    let (count, classCount) = (dataset.count(of: split), dataset.classes.count)
    let parts = max(1, min(threads, count))
    let results = LoadingThreads.map(parts: parts) { part -> Result<SampleClasses, any Error> in
      Result {
        var classes = SampleClasses(classCount: classCount)
        for index in count * part / parts..<count * (part + 1) / parts {
          do {
            let labels = try dataset.fileLabels(split: split, index: index)
            classes.append(dataset.labelMap.entries(of: labels.histogram(), classCount: classCount))
          } catch {
            guard skipsUnreadable, BadFile(index: index, error: error) != nil else { throw error }
            classes.append([])
          }
        }
        return classes
      }
    }
    self.init(classCount: classCount)
    for result in results { append(contentsOf: try result.get()) }
  }
}
