import Exchange
import Foundation
import TestSupport
import Testing

@Suite struct EventFileTests {
  @Test func checksAreCastagnolis() {
    // The check value of the polynomial, and the vectors of RFC 3720, B.4.
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum(Array(repeating: UInt8(0), count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum((0..<32).map { UInt8($0) }) == 0x46DD_794E)
    #expect(CRC32C.masked([]) == 0xA282_EAD8)
  }

  @Test func messagesAreEncodedFieldByField() {
    var message = ProtocolMessage()
    message.add(1, Int64(150))
    message.add(2, "testing")
    message.add(3, Int64(-1))
    message.add(4, Float(1))
    message.add(20, 1.0)
    message.add(5, packed: [1])
    let expected: [UInt8] =
      [0x08, 0x96, 0x01, 0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6E, 0x67, 0x18] + Array(repeating: 0xFF, count: 9) + [0x01]
      + [0x25, 0, 0, 0x80, 0x3F, 0xA1, 0x01, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x2A, 8, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F]
    #expect(message.bytes == expected)
    var fields = ProtocolFields(message.bytes)
    #expect(fields.next()?.content == .number(150))
    #expect(fields.next()?.content == .bytes(ArraySlice("testing".utf8)))
    #expect(fields.next()?.content == .number(UInt64.max))
    #expect(fields.next()?.content == .four(Float(1).bitPattern))
    let double = fields.next()
    #expect(double?.field == 20 && double?.content == .eight(1.0.bitPattern))
    // A message that is cut off says so instead of giving part of a field.
    for count in 1..<expected.count {
      var cut = ProtocolFields(expected.prefix(count))
      while cut.next() != nil {}
      #expect(cut.isDamaged == ![3, 12, 23, 28, 38].contains(count), "\(count) bytes")
    }
  }

  /// The records of a file, each with its step, checked as TensorBoard's reader does.
  private func steps(_ path: String) throws -> [Int] {
    var rest = ArraySlice([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    var steps: [Int] = []
    while !rest.isEmpty {
      let count = try #require(EventRecord.contentByteCount(header: rest.prefix(12)))
      let content = rest.dropFirst(12).prefix(count)
      #expect(EventRecord.isIntact(content: content, footer: rest.dropFirst(12 + count).prefix(4)))
      var fields = ProtocolFields(content)
      var step: Int?
      while let field = fields.next() { if field.field == 2, case .number(let value) = field.content { step = Int(value) } }
      #expect(!fields.isDamaged)
      if let step { steps.append(step) }
      rest = rest.dropFirst(16 + count)
    }
    return steps
  }

  private func event(_ step: Int) -> Event { Event(step: step, wallTime: 1e9, values: [("a/b", .scalar(Double(step) / 2))]) }

  @Test func aResumedFileLosesNothingAndTellsNothingTwice() throws {
    try withTemporaryDirectory { directory in
      let first = try EventFile(directory: directory, host: "here")
      for step in 1...6 { try first.append(event(step)) }
      // The evaluation of a step has an event of its own.
      try first.append(event(6))
      try first.append(event(7))
      try first.close()
      let name = try #require(FileManager.default.contentsOfDirectory(atPath: directory).first)
      #expect(name.hasPrefix("events.out.tfevents.") && name.hasSuffix(".here"))

      // Killed within a record: the run goes on after step 6.
      let whole = try Data(contentsOf: URL(fileURLWithPath: first.path))
      try (whole + EventRecord.encoded(event(8).message.bytes).prefix(20)).write(to: URL(fileURLWithPath: first.path))
      let second = try EventFile(directory: directory, cuttingFrom: 7, host: "elsewhere")
      #expect(second.path == first.path)
      #expect(second.damage == nil)
      for step in 7...9 { try second.append(event(step)) }
      try second.close()
      #expect(try steps(first.path) == [1, 2, 3, 4, 5, 6, 6, 7, 8, 9])
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == [name])

      // From the beginning: only the format's version is left of the old file.
      let third = try EventFile(directory: directory, cuttingFrom: 1)
      try third.append(event(1))
      try third.close()
      #expect(try steps(first.path) == [1])
    }
  }

  @Test func damageIsCutOffAndTold() throws {
    try withTemporaryDirectory { directory in
      let file = try EventFile(directory: directory)
      for step in 1...4 { try file.append(event(step)) }
      try file.close()
      var bytes = try Data(contentsOf: URL(fileURLWithPath: file.path))
      let record = EventRecord.encoded(event(1).message.bytes).count
      bytes[bytes.count - record - 8] ^= 1
      try bytes.write(to: URL(fileURLWithPath: file.path))
      let again = try EventFile(directory: directory, cuttingFrom: 5)
      #expect(again.damage?.contains("byte \(bytes.count - 2 * record)") == true)
      try again.close()
      #expect(try steps(file.path) == [1, 2])
    }
  }

  @Test func histogramsCountEverythingThatIsFinite() throws {
    let values: [Float] = [0, 1, 2, 3, 4, .nan, .infinity]
    let histogram = try #require(Histogram(values, buckets: 4))
    #expect(histogram.counts == [1, 1, 1, 2])
    #expect(histogram.limits == [1, 2, 3, 4])
    #expect(histogram.count == 5 && histogram.sum == 10 && histogram.sumOfSquares == 30)
    #expect(Histogram([2, 2])?.counts == [2])
    #expect(Histogram([.nan]) == nil)
  }

  /// TensorBoard itself reads what is written here.
  @Test(.enabled(if: Python.has("tensorboard"), "no Python with tensorboard (LONGTAIL_PYTHON): nothing was read with it"))
  func tensorBoardReadsIt() throws {
    try withTemporaryDirectory { directory in
      let file = try EventFile(directory: directory)
      // A picture of two pixels; TensorBoard hands its bytes on.
      let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47]
      try file.append(Event(step: 3, wallTime: 12.5, values: [("train/loss", .scalar(0.25)), ("train/rate", .scalar(-1))]))
      let histogram = try #require(Histogram([0, 1, 2, 3, 4], buckets: 4))
      try file.append(
        Event(step: 4, wallTime: 13, values: [("picture", .image(png: png, width: 2, height: 1)), ("weights", .histogram(histogram))]))
      try file.append(Event(step: 5, wallTime: 14, values: [("train/loss", .scalar(0.125))]))
      try file.close()
      let script = """
        import json, sys
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        a = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0, "histograms": 0})
        a.Reload()
        image = a.Images("picture")[0]
        histogram = a.Histograms("weights")[0].histogram_value
        print(json.dumps({
          "loss": [[e.step, e.wall_time, e.value] for e in a.Scalars("train/loss")],
          "rate": [e.value for e in a.Scalars("train/rate")],
          "image": [image.step, image.width, image.height, list(image.encoded_image_string)],
          "histogram": [histogram.min, histogram.max, histogram.num, histogram.sum, histogram.sum_squares,
                        list(histogram.bucket_limit), list(histogram.bucket)],
        }, sort_keys=True, separators=(",", ":")))
        """
      let outcome = try Python.run(script, [directory])
      try #require(outcome.exitCode == 0, "\(outcome)")
      #expect(
        outcome.output
          == """
          {"histogram":[0.0,4.0,5.0,10.0,30.0,[1.0,2.0,3.0,4.0],[1.0,1.0,1.0,2.0]],"image":[4,2,1,[137,80,78,71]],\
          "loss":[[3,12.5,0.25],[5,14.0,0.125]],"rate":[-1.0]}

          """)
    }
  }
}
