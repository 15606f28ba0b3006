import Tensors
import Testing

@Suite struct DigestTests {
  /// Examples of FIPS 180-4.
  @Test func sha256OfKnownTexts() throws {
    #expect(try SHA256Digest(of: "").description == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(try SHA256Digest(of: "abc").description == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      try SHA256Digest(of: "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").description
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
  }

  @Test func sha256IsTheSameInPiecesAndFromAFile() throws {
    let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let whole = try bytes.withUnsafeBytes { try SHA256Digest(of: $0) }
    let stream = try SHA256Digest.Stream()
    for start in stride(from: 0, to: bytes.count, by: 700_001) {
      try Array(bytes[start..<min(bytes.count, start + 700_001)]).withUnsafeBytes { try stream.update($0) }
    }
    #expect(try stream.finish() == whole)
    #expect(try withTemporaryFile(bytes) { try SHA256Digest(ofFile: $0) } == whole)
  }

  @Test func everyBitOfTheStateCounts() {
    let floats = (0..<301).map { Float($0) }
    let original = StateDigest(floats: floats)
    #expect(original == StateDigest(floats: floats))
    var seen: Set<StateDigest> = [original]
    for index in floats.indices {
      for bit in stride(from: 0, to: 32, by: 31) {
        var changed = floats
        changed[index] = Float(bitPattern: changed[index].bitPattern ^ 1 << UInt32(bit))
        seen.insert(StateDigest(floats: changed))
      }
    }
    #expect(seen.count == 1 + 2 * floats.count)
  }

  /// Sign flips, swaps and lengths: what a weak fold would not see.
  @Test func changesDoNotCancel() {
    let floats = (0..<256).map { Float($0 + 1) }
    let original = StateDigest(floats: floats)
    for distance in [1, 2, 16, 32, 64, 128] {
      var negated = floats
      negated[3] = -negated[3]
      negated[3 + distance] = -negated[3 + distance]
      #expect(StateDigest(floats: negated) != original)
      var swapped = floats
      swapped.swapAt(5, 5 + distance)
      #expect(StateDigest(floats: swapped) != original)
    }
    #expect(StateDigest(floats: floats + [0]) != original)
    #expect(StateDigest(floats: []) != StateDigest(floats: [0]))
    #expect(StateDigest(floats: [0]) != StateDigest(floats: [-0.0]))
    #expect(StateDigest(combining: [original, original]) != StateDigest(combining: [original]))
    let other = StateDigest(floats: [1])
    #expect(StateDigest(combining: [original, other]) != StateDigest(combining: [other, original]))
  }

  /// Digests are stored in checkpoints: they may never change.
  @Test func digestsStayWhatTheyAre() {
    #expect(StateDigest(floats: (0..<100).map { Float($0) }).description == "b0cb77fca87ec12a")
    #expect(StoredTensor(name: "x", 7).digest.description == "ae0bce75de857806")
  }

  @Test func aBufferDigestsAsItsFloats() {
    let buffer = HostBuffer(floatCount: 1000)
    buffer.withFloats { for index in $0.indices { $0[index] = Float(index) } }
    #expect(StateDigest(buffer) == StateDigest(floats: (0..<1000).map { Float($0) }))
  }

  @Test func nameShapeAndKindBelongToATensorsDigest() {
    let tensor = StoredTensor(name: "a", shape: [2, 1], values: .float32([1, 2]))
    var others = [tensor, tensor, tensor, tensor]
    others[0].name = "b"
    others[1].shape = [1, 2]
    others[2].values = .float32([1, 3])
    others[3].values = .int32([1_065_353_216, 1_073_741_824])
    for other in others { #expect(other.digest != tensor.digest) }
  }
}
