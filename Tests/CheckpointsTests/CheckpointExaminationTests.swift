import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct CheckpointExaminationTests {
  /// Publishes a checkpoint, damages it, and examines it.
  private func damages(_ damage: (String) throws -> Void) throws -> [String] {
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: directory)
      try store.publish(contents(step: 1))
      try store.publish(contents(step: 2))
      try damage(store.path(step: 2))
      let found = try store.examineAll()
      #expect(found.map(\.step) == [2, 1])
      #expect(found[1].isValid && found[1].byteCount > 0)
      #expect(!found[0].isValid)
      #expect(try CheckpointStore.examine(directory: store.path(step: 2) + "/").damages == found[0].damages)
      return found[0].damages.map(\.description)
    }
  }

  private func edit(_ path: String, _ body: (inout [UInt8]) -> Void) throws {
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    body(&bytes)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  @Test func theTensorIsNamed() throws {
    // The last bytes are those of the tensor of smaller alignment, or of the later name.
    let found = try damages { try edit("\($0)/state.safetensors") { $0[$0.count - 1] ^= 128 } }
    #expect(found.count == 2)
    #expect(found[0] == "state.safetensors: damaged: its SHA-256 differs from the manifest's")
    #expect(found[1].hasPrefix("state.safetensors, tensor '") && found[1].hasSuffix("its numbers differ from the manifest's digest"))
  }

  @Test func severalFilesAreNamedAtOnce() throws {
    let found = try damages { path in
      try edit("\(path)/model.safetensors") { $0.removeLast() }
      try edit("\(path)/optimizer.safetensors") { $0[0] ^= 255 }
      try FileManager.default.removeItem(atPath: "\(path)/run.json")
    }
    #expect(found.count == 4, "\(found)")
    #expect(found[0].hasPrefix("model.safetensors: truncated: "))
    #expect(found[2] == "optimizer.safetensors: its header is damaged, so none of its tensors can be read")
    #expect(found[3] == "run.json: missing")
  }

  @Test func anotherNameInTheHeaderIsBothMissingAndNew() throws {
    let found = try damages { path in
      try edit("\(path)/optimizer.safetensors") { bytes in
        let name = Array("firstMoment".utf8)
        if let place = bytes.indices.first(where: { bytes[$0...].starts(with: name) }) { bytes[place] = UInt8(ascii: "F") }
      }
    }
    #expect(found.contains("optimizer.safetensors, tensor 'a.weight.FirstMoment': the manifest does not know it"), "\(found)")
    #expect(found.contains("optimizer.safetensors, tensor 'a.weight.firstMoment': missing"), "\(found)")
  }

  @Test func whatIsMissingOrOfAnotherStepIsSaid() throws {
    #expect(
      try damages { try FileManager.default.removeItem(atPath: "\($0)/MANIFEST.json") }
        == ["MANIFEST.json: missing, so the checkpoint is not complete"])
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: directory)
      try store.publish(contents(step: 1))
      try FileManager.default.moveItem(atPath: store.path(step: 1), toPath: store.path(step: 2))
      #expect(try store.examineAll().flatMap(\.damages).map(\.description) == ["MANIFEST.json: belongs to step 1"])
      // By itself it is fine, whatever it is called.
      #expect(try CheckpointStore.examine(directory: store.path(step: 2)).isValid)
      #expect(throws: LongtailError.self) { try CheckpointStore.examine(directory: store.path(step: 1)) }
    }
  }

  @Test func summariesLeaveOutWhatIsNotFinite() {
    let tensor = StoredTensor(name: "a", shape: [5], values: .float32([3, -4, .nan, .infinity, 0]))
    let summary = TensorSummary(tensor, file: "model.safetensors", expected: tensor.digest.description)
    #expect(summary.norm == 5 && summary.minimum == -4 && summary.maximum == 3)
    #expect(summary.mean == -1.0 / 3)
    #expect(summary.nonFiniteCount == 2 && summary.count == 5 && summary.isIntact == true)
    let empty = TensorSummary(StoredTensor(name: "b", []), file: "", expected: "0")
    #expect(empty.minimum == nil && empty.mean == nil && empty.norm == 0 && empty.isIntact == false)
    let counter = TensorSummary(StoredTensor(name: "c", 7), file: "", expected: nil)
    #expect(counter.maximum == 7 && counter.isIntact == nil)
  }

  @Test func inspectionReadsWhatItCan() throws {
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: directory)
      try store.publish(contents(step: 2))
      let whole = try CheckpointStore.inspect(directory: store.path(step: 2))
      #expect(whole.examination.isValid && whole.run?.globalStep == 2)
      #expect(whole.tensors.map(\.name).sorted() == ["a.running_mean", "a.weight", "a.weight.firstMoment", "classStatistics", "stepCount"])
      #expect(whole.tensors.allSatisfy { $0.isIntact == true })
      #expect(whole.tensors.first { $0.name == "a.running_mean" }?.nonFiniteCount == 1)
      try FileManager.default.removeItem(atPath: store.path(step: 2) + "/model.safetensors")
      try FileManager.default.removeItem(atPath: store.path(step: 2) + "/run.json")
      let part = try CheckpointStore.inspect(directory: store.path(step: 2))
      #expect(part.run == nil && part.tensors.count == 3 && part.examination.damages.count == 2)
    }
  }

  @Test func leftoversAreListed() throws {
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: directory)
      try store.publish(contents(step: 1))
      #expect(try store.leftovers() == [])
      for name in [".tmp-step-00000003-77", ".trash-step-00000000-77"] {
        try FileManager.default.createDirectory(atPath: "\(directory)/\(name)", withIntermediateDirectories: true)
      }
      #expect(try store.leftovers() == [".tmp-step-00000003-77", ".trash-step-00000000-77"])
      try store.prepareForWriting()
      #expect(try store.leftovers() == [])
    }
  }
}
