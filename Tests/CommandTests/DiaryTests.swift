import Foundation
import TestSupport
import Testing

extension ProcessTests {
  /// The classes' diary, as runs keep it.
  @Suite struct DiaryTests {
    private struct Line: Decodable {
      struct Class: Decodable {
        struct Diary: Decodable {
          var steps: Int
          var stepsWithClass: Int
          var rows: Int
          var gradientShare: Double?
          var scale: Double?
          var confidence: Double?
          var moments: [String: Double]?
        }
        var name: String
        var diary: Diary
      }
      var step: Int
      var classes: [Class]
    }
    private struct Step: Decodable {
      var step: Int
      var validPixels: Int
    }

    private func read<Content: Decodable>(_ run: RunResult, _ name: String) throws -> [Content] {
      try String(contentsOfFile: "\(run.path)/\(name)", encoding: .utf8).split(separator: "\n")
        .map { try JSONDecoder().decode(Content.self, from: Data($0.utf8)) }
    }

    @Test func itAddsUpTheStepsSinceTheEvaluationBefore() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 3)
        let run = RunResult(path: "\(directory)/run")
        let settings = ["training.epochs=4", "checkpoint.everySteps=2"]
        expect(try train(configuration, run.path, settings))
        let lines: [Line] = try read(run, "classes.jsonl")
        let steps: [Step] = try read(run, "log.jsonl")
        #expect(lines.map(\.step) == [3, 6, 9, 12])
        for line in lines {
          let diaries = line.classes.map(\.diary)
          #expect(diaries.allSatisfy { $0.steps == 3 && $0.stepsWithClass <= 3 })
          let own = steps.filter { $0.step > line.step - 3 && $0.step <= line.step }
          #expect(diaries.reduce(0) { $0 + $1.rows } == own.reduce(0) { $0 + $1.validPixels })
          #expect(abs(diaries.reduce(0) { $0 + ($1.gradientShare ?? 0) } - 1) < 1e-9)
          for diary in diaries {
            #expect((diary.rows == 0) == (diary.stepsWithClass == 0) && (diary.scale == nil) == (diary.stepsWithClass == 0))
            #expect(diary.confidence.map { $0 >= 0 && $0 <= 1 } ?? true)
            #expect(diary.moments?.keys.sorted() == ["firstMoment", "secondMoment"])
          }
          // Homogenization raises what has little gradient.
          let scales = diaries.filter { $0.scale != nil }.sorted { ($0.gradientShare ?? 0) < ($1.gradientShare ?? 0) }.compactMap(\.scale)
          #expect((scales.first ?? 0) > (scales.last ?? 1))
        }
        // The common classes are found by and by.
        let sure = lines.compactMap { $0.classes.compactMap(\.diary.confidence).max() }
        #expect(sure.count == 4 && sure[3] > sure[0])
        let page = try String(contentsOfFile: "\(run.path)/report.html", encoding: .utf8)
        #expect(page.contains("The diary of the rarest classes") && page.contains("own probability, %"))

        // Whoever goes on from a checkpoint between two evaluations has the same diary.
        for step in [2, 4, 8] {
          let cut = try run.copy(to: "\(directory)/cut-\(step)", upTo: step)
          expect(try train(configuration, cut.path, settings, ["--resume", "required"]), output: ["step \(step)"])
          #expect(cut.lines("classes.jsonl") == run.lines("classes.jsonl"), "after step \(step)")
        }
        // A checkpoint behind an evaluation needs nothing beside it.
        let plain = RunResult(path: "\(directory)/plain")
        expect(try train(configuration, plain.path, ["training.epochs=2"]))
        #expect(!FileManager.default.fileExists(atPath: "\(plain.path)/diary.jsonl"))
      }
    }

    @Test(.enabled(if: Program.hasMPI, "mpirun is not on PATH")) func ranksHaveOneDiary() throws {
      try withTemporaryDirectory { directory in
        let configuration = try TinyExperiment.scenes(in: directory, validation: 3)
        var diaries: [[Line]] = []
        for ranks in [1, 2] {
          let run = RunResult(path: "\(directory)/\(ranks)")
          expect(try train(configuration, run.path, ["training.epochs=1"], ranks: ranks))
          diaries.append(try read(run, "classes.jsonl"))
        }
        for (one, two) in zip(diaries[0][0].classes, diaries[1][0].classes) {
          #expect(one.diary.rows == two.diary.rows && one.diary.stepsWithClass == two.diary.stepsWithClass, "\(one.name)")
          if let own = one.diary.confidence, let other = two.diary.confidence { #expect(abs(own - other) < 1e-3) }
        }
      }
    }
  }
}
