import Kernels
import Testing

@testable import Networks

/// Prices from times.
@Suite struct AlgorithmModelFitTests {
  private static func signatures() -> [ConvolutionSignature] {
    var found: [ConvolutionSignature] = []
    for (channels, extent) in [(16, 128), (32, 64), (64, 64), (64, 16), (128, 32), (256, 16), (512, 8), (512, 32)] {
      for images in [1, 3, 8] {
        found.append(
          ConvolutionSignature(
            images: images, inputChannels: channels, outputChannels: channels / 2, height: extent, width: extent,
            geometry: ConvolutionGeometry(kernel: 3, padding: 1), threads: images == 3 ? 2 : 1, instructionSet: "avx2", library: "3.1.0",
            pass: .backwardData))
      }
    }
    return found
  }

  /// Times that follow the model are explained by it, also where some of them were disturbed.
  @Test func pricesAreRecovered() throws {
    let direct = AlgorithmModel.Prices(20, 100, 50, 300, 0, call: 5)
    let tiles = AlgorithmModel.Prices(23, 700, 400, 900, 0, call: 2)
    var table: AlgorithmTable = [:]
    for (number, signature) in Self.signatures().enumerated() {
      func time(_ algorithm: ConvolutionAlgorithm, _ prices: AlgorithmModel.Prices) -> Double {
        AlgorithmModel.milliseconds(signature.work(algorithm), prices, threads: signature.threads)
      }
      // Every eighth kernel was held up.
      let delay = number % 8 == 7 ? 3.0 : 1
      table[signature] = .init(
        algorithm: .direct, milliseconds: ["direct": time(.direct, direct) * delay, "tiledWinograd": time(.tiledWinograd, tiles)])
    }
    let fit = AlgorithmModelFit(table)
    #expect((fit.errors["ordinary tiledWinograd backwardData"] ?? 1) < 1e-3)
    for signature in Self.signatures() {
      let expected = AlgorithmModel.milliseconds(signature.work(.direct), direct, threads: signature.threads)
      #expect(abs(fit.milliseconds(.direct, signature) / expected - 1) < 0.1, "\(signature)")
    }
    // Rules without measurements keep their prices.
    #expect(fit.prices["pointwise direct forward"] == AlgorithmModel.prices["pointwise direct forward"])
    #expect(fit.source.contains("\"ordinary direct backwardData\": Prices("))
    let uses = Dictionary(uniqueKeysWithValues: Self.signatures().map { ($0, 2) })
    let regret = AlgorithmRegret(uses, times: table.mapValues(\.milliseconds), fit: fit)
    #expect(regret.best > 0 && regret.fitted >= regret.best && regret.direct >= regret.best)
    #expect(regret.fitted < 1.02 * regret.best)
  }

  /// An empty fit is the table that there is.
  @Test func withoutMeasurementsNothingChanges() {
    #expect(AlgorithmModelFit([:]).prices == AlgorithmModel.prices)
  }
}
