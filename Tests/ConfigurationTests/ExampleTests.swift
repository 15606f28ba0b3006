import Configuration
import Foundation
import Tensors
import Testing

/// The files in `Configs/` are part of the interface: each must read without a complaint.
@Suite struct ExampleTests {
  private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Configs").path

  @Test func allOfThemRead() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.directory).filter { $0.hasSuffix(".yaml") }
    #expect(files.count >= 6)
    for file in files {
      let configuration = try Configuration.load("\(Self.directory)/\(file)")
      #expect(configuration.outputDirectory == "runs/\(configuration.name)")
    }
  }

  @Test func camvidSettings() throws {
    let pat = try Configuration.load("\(Self.directory)/camvid-unet-pat.yaml")
    #expect(pat.data.name == "camvid")
    #expect(pat.data.size == Configuration.Size(width: 256, height: 192))
    #expect(pat.model.name == "unet" && pat.model.width == 16)
    #expect(pat.training.epochs == 30 && pat.training.globalBatch == 8 && pat.training.dropLast)
    #expect(pat.optimizer.name == "adam" && pat.optimizer.learningRate == 1e-3 && pat.schedule.name == .cosine)
    #expect(pat.evaluation.resolution == .network)
    let balance: [String: SettingValue] = ["homogenization": "rootMeanSquare", "statistic": "logits", "maximumScale": 20]
    #expect(pat.objective.name == "pat")
    #expect(pat.objective.settings == balance.merging(["exponent": 1]) { $1 })

    var crossEntropy = try Configuration.load("\(Self.directory)/camvid-unet-ce.yaml")
    #expect(crossEntropy.objective == Configuration.Objective())
    let homogenization = try Configuration.load("\(Self.directory)/camvid-unet-homogenization.yaml")
    #expect(homogenization.objective.name == "crossEntropy")
    #expect(homogenization.objective.settings == balance)
    #expect(homogenization.training == pat.training && homogenization.data == pat.data)
    // Only the objective tells the three apart.
    crossEntropy.objective = pat.objective
    #expect(crossEntropy.differences(from: pat).map(\.key) == ["output"])
  }
}
