import Foundation
import Kernels
import Models
import TestSupport
import Testing
import Threading

@testable import Networks

/// Algorithms by rule.
@Suite(.computePool) struct AlgorithmModelTests {
  private static let models = ["unet", "segnet", "deeplabv3-resnet18", "fpn-resnet18"]

  private static func graph(_ model: String, width: Int = 16) throws -> Graph {
    try ModelRegistry.make(model, width: width, classes: 5, settings: model.contains("resnet") ? ["dropout": 0.0] : [:])
  }

  /// Shapes from a few channels on large maps to many on small ones.
  private static func signatures(instructionSet: String, block: Int) -> [ConvolutionSignature] {
    let geometries =
      [ConvolutionGeometry(kernel: 1), ConvolutionGeometry(kernel: 3, padding: 1), ConvolutionGeometry(kernel: 3, stride: 2, padding: 1)]
      + [2, 4, 12, 24, 36].map { ConvolutionGeometry(kernel: 3, padding: $0, dilation: $0) }
    var found: [ConvolutionSignature] = []
    for (channels, extent) in [(8, 256), (16, 128), (32, 64), (64, 64), (128, 32), (256, 32), (512, 16), (512, 8), (2048, 32), (512, 4)] {
      for pass in PlanReport.Pass.allCases {
        for images in [1, 8] {
          for (isTransposed, geometry) in geometries.map({ (false, $0) }) + [(true, ConvolutionGeometry(kernel: 2, stride: 2))] {
            for outputs in [channels, max(8, channels / 8)] {
              found.append(
                ConvolutionSignature(
                  images: images, isTransposed: isTransposed, inputChannels: channels, outputChannels: outputs, height: extent,
                  width: extent, geometry: geometry, threads: 2, instructionSet: instructionSet, library: "3.1.0", channelBlock: block,
                  pass: pass))
            }
          }
        }
      }
    }
    return found
  }

  /// A rule that never decides is no rule.
  @Test func everyRuleIsReached() throws {
    var reached: Set<String> = []
    func name(_ rule: AlgorithmModel.Rule) -> String { "\(rule.lanes) \(rule.family) \(rule.algorithm)" }
    for (instructionSet, block) in [("avx2", 8), ("avx512_core", 8), ("avx512_core", 16)] {
      for signature in Self.signatures(instructionSet: instructionSet, block: block) {
        let possible = signature.possibleAlgorithms(hasBias: false, readsImage: false)
        let best = AlgorithmModel.best(of: possible, for: signature)
        #expect(possible.contains(best))
        if block == 16, signature.family == .dilated {
          #expect(AlgorithmModel.milliseconds(best, for: signature) == .infinity)
          continue
        }
        let rule = try #require(AlgorithmModel.rule(best, for: signature), "\(signature)")
        #expect(AlgorithmModel.milliseconds(best, for: signature).isFinite, "\(signature)")
        reached.insert(name(rule))
      }
    }
    // Where the library's direct kernels are never predicted to be best, they serve what our own loops cannot: layers with a bias.
    for signature in Self.signatures(instructionSet: "avx2", block: 8) {
      let possible = signature.possibleAlgorithms(hasBias: true, readsImage: false).filter { !signature.isTransposed || $0 == .direct }
      if let rule = AlgorithmModel.rule(AlgorithmModel.best(of: possible, for: signature), for: signature) { reached.insert(name(rule)) }
    }
    for rule in AlgorithmModel.rules {
      #expect(reached.contains(name(rule)), "\(name(rule)) decides nothing")
      #expect(rule.reason.count > 20)
      #expect(rule.prices.count == 3 || (rule.family == .dilated && rule.algorithm == .direct && rule.lanes == 8))
    }
    #expect(Set(AlgorithmModel.rules.map(name)).count == AlgorithmModel.rules.count)
  }

  /// Known winners, far from where they change.
  @Test func rulesFollowTheirReasons() {
    func best(_ channels: Int, _ extent: Int, _ geometry: ConvolutionGeometry, transposed: Bool = false, set: String = "avx2") -> String {
      let signature = ConvolutionSignature(
        images: 4, isTransposed: transposed, inputChannels: channels, outputChannels: channels, height: extent, width: extent,
        geometry: geometry, threads: 1, instructionSet: set, library: "3.1.0")
      return AlgorithmModel.best(of: signature.possibleAlgorithms(hasBias: false, readsImage: false), for: signature).rawValue
    }
    let ordinary = ConvolutionGeometry(kernel: 3, padding: 1)
    #expect(best(64, 64, ordinary) == "tiledWinograd")
    #expect(best(512, 2, ordinary) == "direct")
    #expect(best(8, 3, ConvolutionGeometry(kernel: 1)) == "direct")
    #expect(best(128, 32, ConvolutionGeometry(kernel: 2, stride: 2), transposed: true) == "matrixProduct")
    #expect(best(256, 32, ConvolutionGeometry(kernel: 3, padding: 36, dilation: 36)) == "matrixProduct")
    #expect(best(256, 32, ConvolutionGeometry(kernel: 3, padding: 2, dilation: 2)) == "tiledWinograd")
    #expect(best(64, 64, ConvolutionGeometry(kernel: 3, stride: 2, padding: 1)) == "direct")
    // Without AVX2 our own loops have no prices.
    #expect(best(64, 64, ordinary, set: "baseline") == "direct")
    #expect(best(64, 64, ordinary, set: "avx2_vnni") == "tiledWinograd")
  }

  /// What is forecast before anything is compiled is what the compiled plan has; nothing is timed for it.
  @Test(arguments: models)
  func plansFollowTheForecast(model: String) throws {
    let graph = try Self.graph(model)
    let choices = AlgorithmChoices()
    let network = try Network(
      graph: graph, images: 2, height: 64, width: 96, seed: 0, options: PlanOptions(algorithms: .model(choices)))
    _ = try network.trainingPlan(images: 2, height: 64, width: 96)
    var options = PlanOptions()
    options.decisiveImages = 2
    let forecast = try AlgorithmForecast(graph, images: 2, height: 64, width: 96, options: options, channelBlock: 8)
    if !OneDNN.instructionSet.hasPrefix("avx512") {
      let named = forecast.decisions.map { ("\($0.layer) \($0.signature.pass.rawValue)", $0.algorithm.rawValue) }
      let compiled = network.report.algorithms
      #expect(named.count == compiled.count)
      // Where the library has but reference loops, the next best serves.
      let others = named.filter { compiled[$0.0] != $0.1 }
      #expect(others.allSatisfy { $0.1 == "direct" }, "\(others)")
      #expect(others.count * 20 < named.count, "\(others)")
    }
    #expect(choices.table.values.allSatisfy { $0.milliseconds.isEmpty })
    #expect(network.report.convolutionMilliseconds == 0)
    // The rules decide in the same way again, and for any other number of images.
    let again = try Network(graph: graph, images: 2, height: 64, width: 96, seed: 1)
    _ = try again.trainingPlan(images: 2, height: 64, width: 96)
    #expect(again.report.algorithmDigest == network.report.algorithmDigest)
    let smaller = try network.trainingPlan(images: 1, height: 64, width: 96)
    #expect(smaller.report.algorithmDigest == network.report.algorithmDigest)
  }

  /// What an earlier run recorded comes first, in its own words, also where the rules would decide otherwise.
  @Test func recordedChoicesAreFollowed() throws {
    let text = ConvolutionSignatureTests.earlierRecord.replacing("INSTRUCTIONS", with: OneDNN.instructionSet)
      .replacing("LIBRARY", with: OneDNN.version)
    let recorded = try JSONDecoder().decode(AlgorithmTable.self, from: Data(text.utf8))
    let graph = try Self.graph("unet", width: 8)
    func algorithms(_ table: AlgorithmTable, images: Int) throws -> [String: String] {
      var options = PlanOptions(algorithms: .model(AlgorithmChoices(table)))
      options.channelBlock = 8
      let network = try Network(graph: graph, images: images, height: 48, width: 64, seed: 0, options: options)
      return try network.trainingPlan(images: images, height: 48, width: 64).report.algorithms
    }
    let ruled = try algorithms([:], images: 2)
    // Each is turned around, so that following it can be told from deciding.
    let turned: AlgorithmTable = Dictionary(
      uniqueKeysWithValues: recorded.map { signature, choice in
        let possible = signature.possibleAlgorithms(hasBias: false, readsImage: false)
        let byRule = AlgorithmModel.best(of: possible, for: signature)
        return (signature, .init(algorithm: possible.first { $0 != byRule } ?? choice.algorithm))
      })
    for images in [2, 3] {
      let followed = try algorithms(turned, images: images)
      let differing = Set(followed.keys.filter { followed[$0] != ruled[$0] })
      #expect(differing.contains("down.0.3 forward") && differing.contains("down.0.3 backwardData"), "\(differing)")
      #expect(differing.contains { $0.hasPrefix("up.") && $0.hasSuffix("forward") }, "\(differing)")
      let plain = try algorithms(recorded, images: images)
      #expect(plain["down.0.3 forward"] == "direct" && plain["down.0.3 backwardData"] == "tiledWinograd")
    }
  }

  /// Where tiles decide, blocks of 8 win; where products of matrices do, the wide registers. A record decides for its own block.
  @Test func blocksAreChosenByCosts() throws {
    func forecasts(_ options: PlanOptions, width: Int) throws -> [AlgorithmForecast] {
      try [16, 8].map {
        try AlgorithmForecast(
          Self.graph("unet", width: width), images: 2, height: 64, width: 64, options: options, channelBlock: $0,
          instructionSet: "avx512_core")
      }
    }
    #expect(try Network.preferredBlock(forecasts(PlanOptions(), width: 32)) == 8)
    let wide = try [16, 8].map {
      try AlgorithmForecast(
        Self.graph("fpn-resnet50"), images: 8, height: 256, width: 256, options: PlanOptions(), channelBlock: $0,
        instructionSet: "avx512_core")
    }
    #expect(Network.preferredBlock(wide) == 16, "\(wide.map(\.milliseconds))")
    // Channels of 8 fill half of a register of 16.
    let narrow = try forecasts(PlanOptions(), width: 8)
    let firsts = narrow.map { $0.decisions.first { $0.layer == "down.0.3" }?.milliseconds ?? 0 }
    #expect(firsts[0] > 0.5 * firsts[1])
    #expect(try Network.recordedBlock(forecasts(PlanOptions(), width: 32)) == nil)
    for block in [8, 16] {
      let choices = AlgorithmChoices()
      for decision in try forecasts(PlanOptions(), width: 32).first(where: { $0.channelBlock == block })?.decisions ?? [] {
        choices.record(.init(algorithm: decision.algorithm), for: decision.signature)
      }
      #expect(try Network.recordedBlock(forecasts(PlanOptions(algorithms: .model(choices)), width: 32)) == block)
    }
  }

  /// Measured tables have their own times, and say what the model's algorithms would take.
  @Test func measuredChoicesAreHeldAgainstTheModel() throws {
    let graph = try Self.graph("unet", width: 8)
    func measured(_ choices: AlgorithmChoices) throws -> Network {
      var options = PlanOptions(algorithms: .measured(choices))
      options.channelBlock = 8
      let network = try Network(graph: graph, images: 1, height: 32, width: 48, seed: 0, options: options)
      _ = try network.trainingPlan(images: 1, height: 32, width: 48)
      return network
    }
    let choices = AlgorithmChoices()
    let network = try measured(choices)
    #expect(!choices.table.isEmpty)
    for choice in choices.table.values { #expect((choice.milliseconds[choice.algorithm.rawValue] ?? 0) > 0) }
    #expect(network.report.convolutionMilliseconds > 0 && network.report.modelMilliseconds > 0)
    // With the same table nothing is measured again, and the same is chosen.
    let second = AlgorithmChoices(cache: choices.table)
    let again = try measured(second)
    #expect(again.report.algorithmDigest == network.report.algorithmDigest)
    #expect(second.table == choices.table)
    #expect(again.report.convolutionMilliseconds == network.report.convolutionMilliseconds)
  }
}
