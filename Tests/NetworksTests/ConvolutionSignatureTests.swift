import Foundation
import Kernels
import Networks
import Testing

/// What files and checkpoints call a convolution.
@Suite struct ConvolutionSignatureTests {
  private static func signature(transposed: Bool = false, block: Int = 8, pass: PlanReport.Pass = .forward) -> ConvolutionSignature {
    ConvolutionSignature(
      images: 8, isTransposed: transposed, inputChannels: 32, outputChannels: 64, height: 128, width: 96,
      geometry: ConvolutionGeometry(kernel: 3, stride: 1, padding: 2, dilation: 2), threads: 2, instructionSet: "avx2", library: "3.1.0",
      channelBlock: block, pass: pass)
  }

  @Test(arguments: PlanReport.Pass.allCases)
  func textIsReadBack(pass: PlanReport.Pass) {
    for isTransposed in [false, true] {
      for block in [8, 16] {
        let signature = Self.signature(transposed: isTransposed, block: block, pass: pass)
        #expect(ConvolutionSignature(signature.description) == signature, "\(signature)")
      }
    }
  }

  /// The words of version 0.1, which checkpoints of its runs hold.
  @Test func textIsThatOfEarlierVersions() {
    #expect(
      Self.signature().description == "n8 i32 o64 128x96 k[3, 3] s[1, 1] p[2, 2] d[2, 2] g1 threads2 avx2 3.1.0 forward")
    #expect(
      Self.signature(transposed: true, block: 16, pass: .backwardData).description
        == "n8 transposed i32 o64 128x96 k[3, 3] s[1, 1] p[2, 2] d[2, 2] g1 threads2 avx2 3.1.0 b16 backwardData")
  }

  @Test(arguments: [
    "", "n8", "i32 o64", "n8 i32 o64 128x96 k[3, 3] s[1, 1] p[2, 2] d[2, 2] g1 threads2 avx2 3.1.0",
    "n8 i32 o64 128x96 k[3, 3] s[1, 1] p[2, 2] d[2, 2] g1 threads2 avx2 3.1.0 sideways",
    "n8 i32 o64 128x96 k[3] s[1, 1] p[2, 2] d[2, 2] g1 threads2 avx2 3.1.0 forward",
    "n8 i32 o64 128x96 k[3, 3] s[1, 1] p[2, 2] d[2, 2] g1 threads2 avx2 3.1.0 forward forward",
    "nx i32 o64 128x96 k[3, 3] s[1, 1] p[2, 2] d[2, 2] g1 threads2 avx2 3.1.0 forward",
  ])
  func otherTextIsNone(text: String) {
    #expect(ConvolutionSignature(text) == nil)
  }

  /// A lookup finds the same convolution for another number of images, and nothing else: not a transposed one, whose text ends alike.
  @Test func choicesAreFoundForOtherNumbersOfImages() {
    let own = Self.signature()
    let choices = AlgorithmChoices([
      Self.signature(transposed: true): .init(algorithm: .matrixProduct), Self.signature(pass: .backwardData): .init(algorithm: .winograd),
    ])
    #expect(choices.choice(for: own) == nil)
    choices.replace([own: .init(algorithm: .tiledWinograd)])
    var fewer = own
    fewer.images = 3
    #expect(choices.choice(for: fewer)?.algorithm == .tiledWinograd)
    #expect(choices.images == 8)
    // A measured one has the first word for its own number alone.
    let cached = AlgorithmChoices(cache: [own: .init(algorithm: .tiledWinograd, milliseconds: ["tiledWinograd": 1])])
    #expect(cached.choice(for: fewer) == nil)
    #expect(cached.table.isEmpty)
    #expect(cached.choice(for: own)?.algorithm == .tiledWinograd)
    #expect(cached.table.count == 1, "what is used has to be on record")
  }

  /// The record of a run of version 0.1, as its checkpoint holds it.
  static let earlierRecord = """
    {"n2 i8 o8 48x64 k[3, 3] s[1, 1] p[1, 1] d[1, 1] g1 threads1 INSTRUCTIONS LIBRARY forward":
      {"algorithm":"direct","milliseconds":{"direct":0.5,"tiledWinograd":0.6}},
     "n2 i8 o8 48x64 k[3, 3] s[1, 1] p[1, 1] d[1, 1] g1 threads1 INSTRUCTIONS LIBRARY backwardData":
      {"algorithm":"tiledWinograd","milliseconds":{"direct":0.7,"tiledWinograd":0.4}},
     "n2 transposed i16 o8 24x32 k[2, 2] s[2, 2] p[0, 0] d[1, 1] g1 threads1 INSTRUCTIONS LIBRARY forward":
      {"algorithm":"direct","milliseconds":{"direct":0.2,"matrixProduct":0.4}}}
    """

  @Test func earlierRecordsAreRead() throws {
    let table = try JSONDecoder().decode(AlgorithmTable.self, from: Data(Self.earlierRecord.utf8))
    #expect(table.count == 3)
    let transposed = try #require(table.first { $0.key.isTransposed })
    #expect(transposed.key.inputChannels == 16)
    #expect(transposed.key.geometry == ConvolutionGeometry(kernel: 2, stride: 2))
    #expect(transposed.value == .init(algorithm: .direct, milliseconds: ["direct": 0.2, "matrixProduct": 0.4]))
    // What is written is read by both.
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let written = try encoder.encode(table)
    #expect(String(decoding: written, as: UTF8.self).hasPrefix("{\"n2 i8 o8 48x64"))
    #expect(try JSONDecoder().decode(AlgorithmTable.self, from: written) == table)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(AlgorithmTable.self, from: Data("{\"n2 forward\":{\"algorithm\":\"direct\",\"milliseconds\":{}}}".utf8))
    }
  }

  @Test func digestsAreThoseOfAlgorithmsAlone() throws {
    var table = try JSONDecoder().decode(AlgorithmTable.self, from: Data(Self.earlierRecord.utf8))
    let before = table.digest
    table = table.mapValues { .init(algorithm: $0.algorithm) }
    #expect(table.digest == before)
    table[Self.signature()] = .init(algorithm: .direct)
    #expect(table.digest != before)
  }
}
