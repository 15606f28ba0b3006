import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct CheckpointDamageTests {
  static let files = ["model.safetensors", "optimizer.safetensors", "state.safetensors", "run.json", "MANIFEST.json"]

  /// Publishes steps 1 and 2, lets `damage` loose on a file of step 2, and expects that step 1 is chosen and step 2 named with a reason.
  private func expectRejection(_ file: String, says: String? = nil, _ damage: (String) throws -> Void) throws {
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: directory)
      try store.publish(contents(step: 1))
      try store.publish(contents(step: 2))
      try damage(store.path(step: 2) + "/" + file)
      let selection = try store.latestValid()
      #expect(selection.newest?.step == 1)
      #expect(selection.rejected.map(\.name) == ["step-00000002"])
      #expect(selection.rejected.first?.step == 2)
      let reason = selection.rejected.first?.reason ?? ""
      #expect(reason.contains(says ?? file), "\(file): \(reason)")
      let failure = #expect(throws: LongtailError.self) { try store.load(step: 2) }
      #expect(failure?.code == .badData)
    }
  }

  @Test(arguments: files) func oneFlippedBitIsNoticed(_ file: String) throws {
    let random = CounterRandom(seed: 11, purpose: .testing)
    for round in 0..<12 {
      try expectRejection(file) { path in
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        bytes[random.integer(2 * round, below: bytes.count)] ^= 1 << UInt8(random.integer(2 * round + 1, below: 8))
        try Data(bytes).write(to: URL(fileURLWithPath: path))
      }
    }
  }

  /// The manifest speaks for all others, so each of its bytes is tried.
  @Test func everyByteOfTheManifestCounts() throws {
    try withTemporaryDirectory { directory in
      let store = CheckpointStore(directory: directory)
      try store.publish(contents(step: 2))
      let place = URL(fileURLWithPath: store.path(step: 2) + "/MANIFEST.json")
      let good = [UInt8](try Data(contentsOf: place))
      for index in good.indices {
        var bytes = good
        bytes[index] ^= 1 << UInt8(index % 8)
        try Data(bytes).write(to: place)
        if try store.latestValid().newest != nil { Issue.record("byte \(index) does not count") }
      }
      try Data(good).write(to: place)
      #expect(try store.latestValid().newest?.step == 2)
    }
  }

  @Test(arguments: files) func truncationIsNoticed(_ file: String) throws {
    for keep in [0.0, 0.5, 0.999] {
      try expectRejection(file) { path in
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        try data.prefix(Int(Double(data.count) * keep)).write(to: URL(fileURLWithPath: path))
      }
    }
  }

  @Test(arguments: files) func aMissingFileIsNoticed(_ file: String) throws {
    try expectRejection(file) { try FileManager.default.removeItem(atPath: $0) }
  }

  @Test(arguments: files) func aLongerFileIsNoticed(_ file: String) throws {
    try expectRejection(file) { path in
      try (Data(contentsOf: URL(fileURLWithPath: path)) + [0]).write(to: URL(fileURLWithPath: path))
    }
  }

  @Test func aFileOfAnotherCheckpointIsNoticed() throws {
    try expectRejection("model.safetensors") { path in
      try FileManager.default.removeItem(atPath: path)
      try FileManager.default.copyItem(atPath: path.replacingOccurrences(of: "step-00000002", with: "step-00000001"), toPath: path)
    }
    try expectRejection("", says: "belongs to step 1") { path in
      try FileManager.default.removeItem(atPath: path)
      try FileManager.default.copyItem(atPath: path.replacingOccurrences(of: "step-00000002", with: "step-00000001"), toPath: path)
    }
  }

  @Test func aNewerFormatIsNamed() throws {
    try expectRejection("MANIFEST.json", says: "format version 99 is newer than") { path in
      let text = try String(contentsOfFile: path, encoding: .utf8)
      let changed = text.replacingOccurrences(of: "\"formatVersion\" : 1", with: "\"formatVersion\" : 99")
      #expect(changed != text)
      try changed.write(toFile: path, atomically: false, encoding: .utf8)
    }
  }

  @Test func anEmptyDirectoryIsNamed() throws {
    try withTemporaryDirectory { directory in
      try FileManager.default.createDirectory(atPath: directory + "/step-00000009", withIntermediateDirectories: true)
      let selection = try CheckpointStore(directory: directory).latestValid()
      #expect(selection.newest == nil)
      #expect(selection.rejected.first?.description == "step-00000009: it has no MANIFEST.json")
      let (valid, rejected) = try CheckpointStore(directory: directory).verifyAll()
      #expect(valid.isEmpty && rejected.count == 1)
    }
  }
}
