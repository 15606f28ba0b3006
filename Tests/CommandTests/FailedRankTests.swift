import Datasets
import Foundation
import Images
import Tensors
import TestSupport
import Testing

extension ProcessTests {
  /// A rank that has no batch to give in the middle of a run.
  @Suite(.serialized) struct FailedRankTests {
    /// The picture that the only rank, or the last of two, needs in the third step is broken: what was done before is saved, and the
    /// broken file is named once. With the file mended the run goes on, and ends as one that never met it.
    @Test(arguments: [nil, 2]) func whatWasDoneBeforeIsSaved(ranks: Int?) throws {
      guard ranks == nil || Program.hasMPI else { return }
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory)
        let undisturbed = RunResult(path: "\(directory)/undisturbed")
        expect(try train(configuration, undisturbed.path, ranks: ranks))

        let settings: [String: SettingValue] = [
          "root": .string(directory), "trainImages": "train/images", "trainLabels": "train/labels", "classes": ["a", "b", "c", "d"],
        ]
        let dataset = try DatasetRegistry.make(name: "folder", settings: settings)
        let last = SampleOrder(seed: 0, count: 12).permutation(epoch: 0)[11]
        let file = URL(fileURLWithPath: "\(directory)/train/images/\(dataset.identifier(split: .train, index: last)).png")
        let data = try Data(contentsOf: file)
        // Name and size stay, so that nothing is found before its turn comes.
        var broken = data
        for i in data.count / 2..<data.count { broken[i] = 0 }
        try broken.write(to: file)

        let run = RunResult(path: "\(directory)/run")
        let outcome = try train(configuration, run.path, ranks: ranks)
        expect(outcome, 65, errors: ["step 3 cannot be done: ", file.path, "the state after step 2 is saved"])
        #expect(outcome.errors.occurrences(of: file.path) == 1, "\(outcome)")
        #expect(run.checkpoints == [2])
        if ranks != nil { #expect(outcome.errors.contains("rank 1 of 2")) }

        try data.write(to: file)
        expect(try train(configuration, run.path, [], ["--resume", "required"], ranks: ranks))
        #expect(try run.digest(6) == undisturbed.digest(6))
        #expect(run.lines() == undisturbed.lines())
      }
    }
  }
}
