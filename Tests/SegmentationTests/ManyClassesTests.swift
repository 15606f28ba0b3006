import Images
import Objectives
import Segmentation
import Tensors
import TestSupport
import Testing

/// Numbers of classes that a byte does not hold: never cut off, refused where a format is of 8 bits.
@Suite(.computePool) struct ManyClassesTests {
  /// Two positions, the largest scores at the last class and at class 256.
  private func logits(classes: Int) -> RowsView {
    let buffer = HostBuffer(floatCount: 2 * classes)
    let rows = RowsView.channelsLast(buffer: buffer, images: 1, rowsPerImage: 2, classes: classes)
    buffer.withFloats { floats in
      floats.update(repeating: 0)
      floats[rows.index(image: 0, row: 0, class: classes - 1)] = 5
      floats[rows.index(image: 0, row: 1, class: 256)] = 5
    }
    return rows
  }

  @Test(arguments: [300, 8142]) func predictionsAreNeverCutOff(classes: Int) throws {
    let (rows, size) = (logits(classes: classes), ImageSize(width: 2, height: 1))
    let expected = [Int32(classes - 1), 256]
    #expect(LogitsResampling.predictions(of: rows, image: 0, columns: 2, valid: size, size: size) == expected)
    var map = ProbabilityMap(classes: classes, size: size)
    map.addSoftmax(rows, columns: 2, window: size, x: 0, y: 0)
    #expect(map.predictions() == expected)
    var direct = [Int32](repeating: 0, count: 2)
    try direct.withUnsafeMutableBufferPointer { try RowPredictor().predictions(of: rows, into: $0) }
    #expect(direct == expected)
  }

  @Test func labelImagesOfMoreThan255ClassesAreRefused() throws {
    #expect(try LabelImage(classes: [254, 0], of: 255, width: 2, height: 1).labels == [254, 0])
    let error = longtailError { _ = try LabelImage(classes: [0, 1], of: 256, width: 2, height: 1) }
    #expect(error?.code == .usage)
    #expect(error?.message.contains("255 classes") == true && error?.message.contains("256") == true)
  }
}
