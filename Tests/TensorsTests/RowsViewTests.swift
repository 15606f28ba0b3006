import Tensors
import Testing

@Suite struct RowsViewTests {
  /// Every element has a place of its own within the buffer, where the layout's formula wants it.
  @Test func layoutsAddressEveryElementOnce() {
    let (images, rows, classes) = (2, 6, 11)
    let buffer = HostBuffer(floatCount: images * rows * 16)
    let views: [(RowsView, (Int, Int, Int) -> Int)] = [
      (.channelsLast(buffer: buffer, images: images, rowsPerImage: rows, classes: classes), { n, r, k in (n * rows + r) * classes + k }),
      (.planes(buffer: buffer, images: images, rowsPerImage: rows, classes: classes), { n, r, k in (n * classes + k) * rows + r }),
      (
        .blocked(buffer: buffer, images: images, rowsPerImage: rows, classes: classes, blockSize: 8),
        { n, r, k in ((n * 2 + k / 8) * rows + r) * 8 + k % 8 }
      ),
    ]
    for (view, expected) in views {
      var seen = Set<Int>()
      for n in 0..<images {
        for r in 0..<rows {
          for k in 0..<classes {
            #expect(view.index(image: n, row: r, class: k) == expected(n, r, k))
            seen.insert(view.index(image: n, row: r, class: k))
          }
        }
      }
      #expect(seen.count == images * rows * classes)
      #expect((seen.max() ?? .max) < buffer.floatCount)
      #expect(view.rows == images * rows)
    }
  }

  @Test func buffersAreZeroedAlignedAndSized() {
    let buffer = HostBuffer(byteCount: 1000)
    #expect(buffer.floatCount == 250)
    buffer.withBytes { bytes in
      #expect(bytes.count == 1000)
      #expect(bytes.allSatisfy { $0 == 0 })
    }
    #expect(Int(bitPattern: buffer.baseAddress) % 4096 == 0)
    #expect(HostBuffer(byteCount: 0).withFloats { $0.count } == 0)
  }
}
