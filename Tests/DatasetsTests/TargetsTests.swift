import Datasets
import Images
import Tensors
import TestSupport
import Testing

/// Annotations follow the geometry that was decided for their image.
@Suite struct TargetsTests {
  /// One label for each image.
  private struct Label: RowAnnotation {
    var label: Int32
    var byteCount: Int { 4 }
    func resized(to size: ImageSize) -> Label { self }
    func write(_ geometry: Geometry, to rows: UnsafeMutableBufferPointer<Int32>) { rows[0] = label }
  }

  /// The middle of a pixel of a label map, with its class.
  private struct Point: Annotation {
    var byteCount: Int { 0 }
    func resized(to size: ImageSize) -> Point { self }
  }

  @Test func aLabelAnImage() throws {
    let targets = RowLabels(capacity: 3, rowsPerImage: 1)
    targets.prepare(images: 3)
    let geometry = Geometry(ImageSize(width: 4, height: 4), output: ImageSize(width: 4, height: 4))
    for (place, label) in [(0, 7), (2, 8141)] { try targets.write(Label(label: Int32(label)), geometry, at: place) }
    #expect(targets.withRows { Array($0.labels) } == [7, -1, 8141])
    targets.prepare(images: 1)
    #expect(targets.withRows { $0.labels.count } == 1)
    #expect(longtailError { try targets.write(Point(), geometry, at: 0) }?.code == .internalError)
  }

  /// Pixels that a label map writes are where `point` says that their middles lie, for every kind of decision.
  @Test func pointsGoWherePixelsGo() throws {
    var pipeline = AugmentationPipeline()
    pipeline.randomScale = 0.5...2
    pipeline.randomCrop = ImageSize(width: 24, height: 20)
    pipeline.horizontalFlipProbability = 0.5
    let size = ImageSize(width: 20, height: 16)
    var labels = LabelImage(width: 20, height: 16)
    for y in 0..<16 { for x in 0..<20 { labels[x, y] = UInt8(x < 10 ? (y < 8 ? 0 : 1) : (y < 8 ? 2 : 3)) } }
    let output = ImageSize(width: 32, height: 32)
    let corners = [(5.0, 4.0, 0), (5, 12, 1), (15, 4, 2), (15, 12, 3)]
    var (seen, flipped) = (0, 0)
    for index in 0..<60 {
      let geometry = Geometry(pipeline.decisions(size: size, epoch: 1, index: index), source: size, output: output)
      var rows = [Int32](repeating: -1, count: 32 * 32)
      try rows.withUnsafeMutableBufferPointer { try labels.write(geometry, to: $0) }
      flipped += geometry.isFlipped ? 1 : 0
      for (x, y, label) in corners {
        let point = geometry.point(x: x, y: y)
        guard point.x >= 0, point.y >= 0, point.x < 24, point.y < 20 else { continue }
        seen += 1
        #expect(rows[Int(point.y) * 32 + Int(point.x)] == Int32(label), "sample \(index), \(geometry)")
      }
    }
    #expect(seen > 100 && flipped > 10 && flipped < 50)
  }

  @Test func aLoaderFillsTheTargetsOfATask() throws {
    struct Labelled: ImageDataset {
      let name = "labelled"
      let classes = [ClassInfo(name: "a", colour: .white)]
      func count(of split: Split) -> Int { 6 }
      func identifier(split: Split, index: Int) -> String { "\(index)" }
      func imageSize(split: Split, index: Int) throws -> ImageSize { ImageSize(width: 4, height: 4) }
      func fingerprint(of split: Split) throws -> [String] { [] }
      func annotatedImage(split: Split, index: Int) throws -> AnnotatedImage {
        AnnotatedImage(image: RGBImage(width: 4, height: 4), annotation: Label(label: Int32(1000 + index)))
      }
      func count(split: Split, index: Int, into statistics: inout LabelStatistics) throws {
        statistics.add(counts: [(0, 2), (0, 1)], ignored: 1, size: ImageSize(width: 4, height: 4), source: "\(index)")
      }
    }
    let loader = try BatchLoader(
      source: .init(
        dataset: Labelled(), split: .train, pipeline: AugmentationPipeline(), order: SampleOrder(seed: 0, count: 6, shuffled: false),
        division: try BatchDivision(sampleCount: 6, globalBatch: 4, dropLast: false, ranks: 1), rank: 0, height: 4, width: 4,
        targets: { RowLabels(capacity: $0, rowsPerImage: 1) }),
      endEpoch: 1)
    defer { loader.stop() }
    var labels: [[Int32]] = []
    while let batch = try loader.next() {
      labels.append(batch.targets.withRows { Array($0.labels) })
      loader.recycle(batch)
    }
    #expect(labels == [[1000, 1001, 1002, 1003], [1004, 1005]])
    let counted = try LabelAudit.run(Labelled(), split: .train, threads: 2).statistics
    #expect(counted.pixels == [18] && counted.images == [6] && counted.ignoredPixels == 6 && counted.imageCount == 6)
  }
}
