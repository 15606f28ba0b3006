import Checkpoints
import Foundation
import Tensors
import Testing

/// Every format version that was ever released stays readable; `Formats` holds one small checkpoint of each, written by `CheckpointProbe`.
@Suite struct CheckpointFormatTests {
  @Test(arguments: 1...RunRecord.currentFormatVersion) func releasedFormatsAreRead(_ version: Int) throws {
    let formats = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Formats")
    let loaded = try CheckpointStore.load(directory: formats.appendingPathComponent("version-\(version)").path)
    #expect(loaded.run.formatVersion == version)
    #expect(loaded.run.globalStep == 7)
    #expect(loaded.model == [NamedTensor(name: "encoder.weight", shape: [4, 4], values: [Float](repeating: 7, count: 16))])
    #expect(loaded.optimizer.map(\.name) == ["encoder.weight.momentum"])
    #expect(loaded.state == [StoredTensor(name: "stepCount", 7)])
    #expect(try loaded.digest() == "82e9a5f3e5b532fd7a12125055681f0d30fb45c0c4d09809d5436718411326e9")
  }
}
