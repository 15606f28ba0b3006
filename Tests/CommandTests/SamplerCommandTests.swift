import Foundation
import Images
import TestSupport
import Testing

extension ProcessTests {
  /// Samplers, divisions and early stopping as people use them.
  @Suite(.serialized) struct SamplerCommandTests {
    /// The folder of `TinyExperiment` without validation samples of its own.
    private let divided = [
      "data.settings.validationImages=null", "data.settings.validationLabels=null", "data.split={validation: 0.25, groupBy: '^.'}",
    ]

    private func stats(_ configuration: String, _ settings: [String], _ options: [String] = [], ranks: Int? = nil) throws -> Program.Outcome
    {
      try Program.run("longtail", ["stats", configuration] + settings.flatMap { ["--set", $0] } + options, ranks: ranks)
    }

    private func losses(_ run: RunResult) throws -> [Double] {
      try run.lines().compactMap { try jsonObject("\($0)}")["loss"] as? Double }
    }

    private func list(_ path: String) throws -> [String] {
      try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    @Test func statsTellWhatASamplerIsExpectedToShow() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory)
        let sampler = ["data.sampler={name: weighted, length: 30, settings: {weights: {Car: 9}}}", "training.epochs=3"]
        let table = try stats(configuration, sampler, ["--sampler"])
        expect(table, output: ["drawn %", "of drawn %", "times", "sampler weighted, 30 images an epoch"])
        let object = try jsonObject(try stats(configuration, sampler, ["--sampler", "--json"]).output)
        let classes = try #require(object["classes"] as? [[String: Any]])
        let shares = classes.compactMap { $0["drawnShare"] as? Double }
        #expect(shares.count == classes.count && abs(shares.reduce(0, +) - 1) < 1e-9)
        #expect((object["sampler"] as? [String: Any])?["epochLength"] as? Int == 30)
        // Images with a car weigh 9, the others 1: the share of the images drawn with a car follows from how many there are.
        let car = try #require(classes.first { $0["name"] as? String == "Car" })
        let (images, all) = (try #require(car["images"] as? Double), try #require(object["images"] as? Double))
        let expected = 9 * images / (9 * images + all - images)
        #expect(images > 0 && abs((car["drawnShareOfImages"] as? Double ?? 0) - expected) < 1e-9)

        // Without one, what is drawn is what there is.
        let plain = try jsonObject(try stats(configuration, [], ["--sampler", "--json"]).output)
        for row in try #require(plain["classes"] as? [[String: Any]]) {
          #expect(abs((row["drawnShare"] as? Double ?? -1) - (row["share"] as? Double ?? -2)) < 1e-12)
        }
        expect(try stats(configuration, [], ["--sampler", "--split", "val"]), 64, errors: ["--sampler is about training samples"])
        expect(
          try stats(configuration, ["data.sampler={name: repeatfactor}"]), 64, errors: ["Did you mean 'repeatFactor'?"])
        guard Program.hasMPI else { return }
        #expect(
          try stats(configuration, sampler, ["--sampler", "--json"], ranks: 2).output
            == (try stats(configuration, sampler, ["--sampler", "--json"])).output)
      }
    }

    /// One process, one and two ranks under mpirun; and a run that is cut off in the middle of an epoch.
    @Test(arguments: ["{name: classAware, length: 14, settings: {samplesPerClass: 2}}", "{name: repeatFactor, settings: {threshold: 1}}"])
    func trainingWithASampler(_ sampler: String) throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let settings = ["data.sampler=\(sampler)", "training.dropLast=false", "training.epochs=2", "checkpoint.everySteps=1"]
        let whole = RunResult(path: "\(directory)/whole")
        expect(try train(configuration, whole.path, settings))
        let steps = sampler.contains("length: 14") ? 8 : 6
        #expect(whole.loggedSteps == Array(1...steps))

        let copy = try whole.copy(to: "\(directory)/copy", upTo: steps / 2 - 1)
        expect(try train(configuration, copy.path, settings, ["--resume", "required"]))
        #expect(try copy.digest(steps) == whole.digest(steps))
        #expect(copy.lines() == whole.lines())

        let plain = RunResult(path: "\(directory)/plain")
        expect(try train(configuration, plain.path, Array(settings.dropFirst())))
        #expect(try losses(plain)[0] != (try losses(whole))[0], "the sampler changes what is seen")
        guard Program.hasMPI else { return }
        for ranks in [1, 2] {
          let run = RunResult(path: "\(directory)/ranks-\(ranks)")
          expect(try train(configuration, run.path, settings, ranks: ranks))
          if ranks == 1 { #expect(try run.digest(steps) == whole.digest(steps)) }
          for (a, b) in zip(try losses(whole), try losses(run)) { #expect(abs(a - b) / a < 2e-4) }
        }
      }
    }

    @Test func aDivisionIsKeptAndGivenBack() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.folder(in: directory, train: 18)
        let run = RunResult(path: "\(directory)/run")
        expect(try train(configuration, run.path, divided + ["training.epochs=1"]))
        let (kept, held) = (try list("\(run.path)/split/train.txt"), try list("\(run.path)/split/val.txt"))
        #expect(Set(kept).union(held) == Set((0..<18).map(String.init)) && kept.count + held.count == 18 && !held.isEmpty)
        #expect(Set(kept.map(\.first)).isDisjoint(with: Set(held.map(\.first))), "groups stay together")

        let lists = "\(directory)/lists"
        expect(try stats(configuration, divided, ["--lists", lists]))
        #expect(try list("\(lists)/train.txt") == kept && list("\(lists)/val.txt") == held)
        // Given back to any data set, and as a folder's own lists.
        let back = Array(divided.dropLast()) + ["data.split={trainList: \(lists)/train.txt, validationList: \(lists)/val.txt}"]
        let own = [
          "data.settings.validationImages=train/images", "data.settings.validationLabels=train/labels",
          "data.settings.trainList=\(lists)/train.txt", "data.settings.validationList=\(lists)/val.txt",
        ]
        for (number, settings) in [back, own].enumerated() {
          let again = RunResult(path: "\(directory)/again-\(number)")
          expect(try train(configuration, again.path, settings + ["training.epochs=1"]))
          #expect(try losses(again) == losses(run))
        }

        // Another file, and the division is another one: the run does not go on with it.
        try TinyExperiment.writePair(
          image: "\(directory)/train/images/1extra.png", labels: "\(directory)/train/labels/1extra.png",
          size: ImageSize(width: 64, height: 48), number: 3, classes: 4,
          ignored: 255)
        let refused = try train(configuration, run.path, divided + ["training.epochs=2"], ["--resume", "required"])
        expect(refused, 78, errors: ["samples are not those that the run was begun with", "data.split.trainList"])
        expect(
          try stats(configuration, ["data.split={validation: 0.5}"]), 64, errors: ["validation samples of its own"])
      }
    }

    /// Nothing is learned, so that the score never gets better: the first evaluation is the reference.
    @Test func aRunThatGetsNoBetterEnds() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 2)
        let settings = [
          "schedule.name=constant", "training.earlyStopping={score: miou, patience: 2, leastChange: 1}", "checkpoint.every=100",
        ]
        let run = RunResult(path: "\(directory)/run")
        let outcome = try train(configuration, run.path, settings + ["training.epochs=9"])
        expect(outcome, output: ["ended after step 9: miou got no better in 2 evaluations"])
        #expect(run.loggedSteps == Array(1...9) && run.checkpoints.last == 9)
        #expect(run.names().contains("final-table.md"), "it is finished, not cut off")
        // Started again, there is nothing left to do.
        expect(
          try train(configuration, run.path, settings + ["training.epochs=9"], ["--resume", "auto"]), output: ["Nothing was left to do"])
        #expect(run.loggedSteps == Array(1...9))

        // Cut off after the second evaluation, it ends where it would have ended.
        let parts = RunResult(path: "\(directory)/parts")
        for ranks in Program.hasMPI ? [nil, 2] : [nil, nil] {
          let epochs = ranks == nil && parts.checkpoints.isEmpty ? 2 : 9
          expect(
            try train(configuration, parts.path, settings + ["training.epochs=\(epochs)"], ["--resume", "auto"], ranks: ranks),
            output: epochs == 9 ? ["ended after step 9"] : [])
        }
        #expect(parts.loggedSteps == Array(1...9))
      }
    }
  }
}
