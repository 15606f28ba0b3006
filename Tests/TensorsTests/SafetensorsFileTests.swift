import Foundation
import Tensors
import Testing

@Suite struct SafetensorsFileTests {
  private let tensors = [
    StoredTensor(name: "mask", shape: [3], values: .uint8([0, 255, 1])),
    StoredTensor(name: "brain", shape: [2], values: .bfloat16([0x3F80, 0xBE20])),
    StoredTensor(name: "half", shape: [5], values: .float16([0x3E00, 0xC000, 0x0400, 0x0001, 0x7BFF])),
    StoredTensor(name: "quote \"\\\n\u{E9}", shape: [1], values: .float32([1])),
    StoredTensor(name: "empty", shape: [0, 4], values: .float32([])),
    StoredTensor(name: "conv.weight", shape: [1, 3], values: .float32([0.5, -1, 2])),
    StoredTensor(name: "conv.bias", shape: [1], values: .float32([.infinity])),
    StoredTensor(name: "order", shape: [2], values: .int32([3, -4])),
    StoredTensor(name: "statistics", [0.1, -0.2]),
    StoredTensor(name: "norm.num_batches_tracked", 7),
  ]

  @Test func writesWhatTheReferenceWrites() throws {
    #expect(try SafetensorsFile.encoded(tensors) == ReferenceFile.bytes)
    #expect(try SafetensorsFile.encoded(tensors.reversed()) == ReferenceFile.bytes)
  }

  @Test func readsWhatTheReferenceWrites() throws {
    try withTemporaryFile(ReferenceFile.bytes) { path in
      let file = try SafetensorsFile(path: path)
      #expect(file.metadata == ["format": "pt"])
      #expect(file.entries.count == tensors.count)
      for tensor in tensors { #expect(try file.read(tensor.name) == tensor) }
      #expect(try file.readAll().map(\.name) == file.entries.map(\.name))
      #expect(try file.read("half").values.floats == [1.5, -2, 0x1p-14, 0x1p-24, 65504])
      #expect(try file.read("brain").values.floats == [1, -0.15625])
      #expect(try file.read("order").values.integers == [3, -4])
      #expect(try file.read("statistics").values.doubles == [0.1, -0.2])
    }
  }

  @Test func refusesNamesAndKindsThatDoNotFit() throws {
    try withTemporaryFile(ReferenceFile.bytes) { path in
      let file = try SafetensorsFile(path: path)
      let missing = #expect(throws: LongtailError.self) { try file.read("conv.weigth") }
      #expect(missing?.advice == "Did you mean 'conv.weight'?")
      let integers = #expect(throws: LongtailError.self) { try file.readAll().map { try $0.namedTensor() } }
      #expect(integers?.message.contains("norm.num_batches_tracked") == true)
    }
  }

  @Test func keepsMetadataAndBitsAndAlignsTheData() throws {
    let path = NSTemporaryDirectory() + "/tensors-test-\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let odd = [NamedTensor(name: "x", shape: [2, 2], values: [.nan, -0.0, .leastNonzeroMagnitude, -.infinity])]
    for padding in 0..<9 {
      let metadata = ["note": String(repeating: "é\"\u{1}", count: padding)]
      try SafetensorsFile.write(odd, metadata: metadata, to: path)
      let file = try SafetensorsFile(path: path)
      #expect(file.metadata == metadata.merging(["format": "pt"]) { _, new in new })
      #expect(try file.read("x") == StoredTensor(odd[0]))
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      #expect((bytes.count - 16) % 8 == 0)
    }
    #expect(try SafetensorsFile.encoded([]).count % 8 == 0)
  }

  @Test func refusesToWriteContradictions() {
    let one = StoredTensor(name: "x", [1])
    #expect(throws: LongtailError.self) { try SafetensorsFile.encoded([one, one]) }
    #expect(throws: LongtailError.self) { try SafetensorsFile.encoded([StoredTensor(name: "__metadata__", [1])]) }
    #expect(throws: LongtailError.self) { try SafetensorsFile.encoded([StoredTensor(name: "x", shape: [2], values: .int32([1]))]) }
    #expect(throws: LongtailError.self) { try SafetensorsFile.encoded([StoredTensor(name: "x", shape: [-1, -1], values: .int32([1]))]) }
  }

  @Test func namesAFileThatCannotBeWritten() {
    let failure = #expect(throws: LongtailError.self) { try SafetensorsFile.write([NamedTensor](), to: "/nonexistent/x.safetensors") }
    #expect(failure?.code == .inputOutput)
    #expect(failure?.message.contains("/nonexistent/x.safetensors") == true)
    let missing = #expect(throws: LongtailError.self) { try SafetensorsFile(path: "/nonexistent/x.safetensors") }
    #expect(missing?.code == .missingInput)
  }
}
