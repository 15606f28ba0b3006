import Datasets
import Foundation
import Images
import Tensors
import TestSupport
import Testing

extension ProcessTests {
  /// A rank that has no batch to give in the middle of a run.
  @Suite(.serialized) struct FailedRankTests {
    /// The image that the only rank, or the last of two, needs in the third step is broken: what was done before is saved, and the
    /// broken file is named once. With the file mended the run goes on, and ends as one that never met it.
    @Test(arguments: [nil, 2]) func whatWasDoneBeforeIsSaved(ranks: Int?) throws {
      guard ranks == nil || Program.hasMPI else { return }
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        let settings: [String: SettingValue] = [
          "root": .string(directory), "trainImages": "train/images", "trainLabels": "train/labels", "classes": ["a", "b", "c", "d"],
        ]
        let dataset = try DatasetRegistry.make(name: "folder", settings: settings)
        let last = SampleOrder(seed: 0, count: 12).permutation(epoch: 0)[11]
        let file = URL(fileURLWithPath: "\(directory)/train/images/\(dataset.identifier(split: .train, index: last)).png")
        let data = try Data(contentsOf: file)
        // A file that is as old and as large as before counts as the one that was read before.
        func write(_ data: Data) throws {
          try data.write(to: file)
          try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1_700_000_000)], ofItemAtPath: file.path)
        }
        try write(data)

        let undisturbed = RunResult(path: "\(directory)/undisturbed")
        let everyStep = ["checkpoint.everySteps=1"]
        expect(try train(configuration, undisturbed.path, everyStep, ranks: ranks))
        // A run that stands after its first step, and has seen that all files are good.
        let run = RunResult(path: "\(directory)/run")
        expect(try train(configuration, run.path, everyStep, ranks: ranks))
        for step in run.checkpoints where step > 1 { try FileManager.default.removeItem(atPath: run.checkpoint(step)) }

        // Name, size and time stay, so that nothing is found before its turn comes.
        var broken = data
        for i in data.count / 2..<data.count { broken[i] = 0 }
        try write(broken)

        let outcome = try train(configuration, run.path, everyStep, ["--resume", "required"], ranks: ranks)
        expect(outcome, 65, errors: ["step 3 cannot be done: ", file.path, "the state after step 2 is saved"])
        #expect(outcome.errors.occurrences(of: file.path) == 1, "\(outcome)")
        #expect(run.checkpoints == [1, 2])
        if ranks != nil { #expect(outcome.errors.contains("rank 1 of 2")) }

        try write(data)
        expect(try train(configuration, run.path, everyStep, ["--resume", "required"], ranks: ranks))
        #expect(try run.digest(6) == undisturbed.digest(6))
        #expect(run.lines() == undisturbed.lines())
      }
    }
  }
}
