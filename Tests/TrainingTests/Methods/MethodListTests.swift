import Checkpoints
import Collectives
import Foundation
import MethodCases
import Tensors
import TestSupport
import Testing
import Training

/// What holds for every method of the list: any number of ranks gives the same, a run that was stopped goes on as if it had not been, and its
/// losses are those of PyTorch.
@Suite(.serialized, .computePool) struct MethodListTests {
  private struct Oracle: Decodable {
    struct Case: Decodable {
      let losses: [Double]
      let others: [Double?]
      let leaves: [String: [Double]]
      let drawn: [Int]?
    }
    let cases: [String: Case]
  }

  private static let oracle: Result<Oracle, any Error> = Result {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Oracle/method_trajectories.json")
    return try JSONDecoder().decode(Oracle.self, from: Data(contentsOf: file))
  }

  /// 20 steps against the same work in PyTorch, in double precision, by automatic differentiation.
  @Test(arguments: MethodCase.all) func lossesAreThoseOfPyTorch(entry: MethodCase) throws {
    let expected = try #require(try Self.oracle.get().cases[entry.name])
    let run = try RankGroup.run(1) { communicator in
      let run = try MethodRun(entry, communicator)
      try run.run(to: 20)
      return (losses: run.losses, others: run.others, state: try run.state())
    }[0]
    #expect(expected.losses.count == 20 && Set(expected.losses).count == 20)
    for step in 0..<20 {
      let (a, b) = (run.losses[step], expected.losses[step])
      #expect(abs(a - b) <= 5e-5 * max(1, abs(b)), "step \(step + 1): \(a), in PyTorch \(b)")
      if let b = expected.others[step] {
        let a = run.others[step] ?? .nan
        #expect(abs(a - b) <= 5e-5 * max(1, abs(b)), "step \(step + 1), other terms: \(a), in PyTorch \(b)")
      }
    }
    for (name, numbers) in expected.leaves {
      let path = try #require(entry.leaves[name])
      let values = try #require(run.state[path]?.values.doubles)
      let weighted = values.enumerated().reduce(0) { $0 + Double(($1.offset * $1.offset + 1) % 7 - 3) * $1.element }
      let squares = values.reduce(0) { $0 + $1 * $1 }
      let allowed = 2e-4 * max(1, squares.squareRoot())
      #expect(
        abs(weighted - numbers[0]) <= 4 * allowed && abs(squares - numbers[1]) <= allowed,
        "\(path): \(weighted), \(squares), in PyTorch \(numbers)")
    }
  }

  /// One, two and four ranks; of the last step of each epoch, or of every step, a rank has no image.
  @Test(arguments: MethodCase.all) func ranksDoNotMatter(entry: MethodCase) throws {
    func outcome(_ ranks: Int) throws -> (losses: [Double], state: [String: StoredTensor]) {
      try RankGroup.run(ranks) { communicator in
        let run = try MethodRun(entry, communicator, samples: 23, batchSize: entry.method == "balancedMetaSoftmax" ? 5 : 10)
        try run.run(to: 12)
        try run.learner.requireEqualStates()
        return (losses: run.losses, state: try run.state())
      }[0]
    }
    let one = try outcome(1)
    for ranks in entry.method == "balancedMetaSoftmax" ? [2, 4, 6] : [2, 4] {
      let many = try outcome(ranks)
      for (step, (a, b)) in zip(one.losses, many.losses).enumerated() {
        #expect(abs(a - b) <= 2e-5 * max(1, abs(a)), "step \(step + 1) on \(ranks) ranks: \(b), alone \(a)")
      }
      #expect(Set(many.state.keys) == Set(one.state.keys))
      for (name, expected) in one.state {
        let found = try #require(many.state[name])
        #expect(found.shape == expected.shape, "\(name) on \(ranks) ranks")
        if expected.values.integers != nil {
          #expect(found.values == expected.values, "\(name) on \(ranks) ranks")
        } else if let a = expected.values.doubles, let b = found.values.doubles {
          let largest = a.map(abs).max() ?? 0
          let error = zip(a, b).map { abs($0 - $1) }.max() ?? 0
          #expect(error <= 2e-4 * max(largest, 1e-2), "\(name) on \(ranks) ranks: \(error) of \(largest)")
        }
      }
    }
  }

  /// Stopped in the middle of an epoch, and gone on with from the checkpoint by other objects: bit for bit the run that was not stopped.
  @Test(arguments: MethodCase.all, [1, 2]) func goesOnExactly(entry: MethodCase, ranks: Int) throws {
    let stop = 11
    let whole = try RankGroup.run(ranks) { communicator in
      let run = try MethodRun(entry, communicator)
      try run.run(to: stop)
      let saved = try run.learner.checkpoint(RunRecord())
      try run.run(to: 16)
      return (saved: saved, losses: run.losses, state: try run.state())
    }
    let resumed = try RankGroup.run(ranks) { communicator in
      let run = try MethodRun(entry, communicator)
      try run.learner.restore(communicator.isRoot ? whole[0].saved : nil)
      try run.run(to: 16)
      return (losses: run.losses, state: try run.state())
    }
    #expect(resumed[0].losses == Array(whole[0].losses[stop...]))
    #expect(resumed[0].state == whole[0].state)
    // What was saved is not what a run begins with, and not all of what it ends with.
    #expect(Set(whole[0].losses).count == 16)
  }

  /// On features that stay, a step in two parts is the step at once.
  @Test(arguments: MethodCase.all.filter { ["classifierRetraining", "learnableWeightScaling", "balancedMetaSoftmax"].contains($0.name) })
  func microBatchesDoNotMatter(entry: MethodCase) throws {
    func outcome(_ accumulate: Int) throws -> (losses: [Double], state: [String: StoredTensor]) {
      try RankGroup.run(1) { communicator in
        let run = try MethodRun(entry, communicator, accumulate: accumulate)
        try run.run(to: 8)
        return (losses: run.losses, state: try run.state())
      }[0]
    }
    let (one, two) = (try outcome(1), try outcome(2))
    for (a, b) in zip(one.losses, two.losses) { #expect(abs(a - b) < 1e-5) }
    for (path, tensor) in one.state {
      let (a, b) = (tensor.values.doubles ?? [], try #require(two.state[path]).values.doubles ?? [])
      #expect(a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-4 }, "\(path)")
    }
  }

  /// The list has every method of the registry but that of detectors, which has a list of its own.
  @Test func listIsComplete() {
    #expect(Set(MethodCase.all.map(\.method)) == Set(MethodRegistry.names).subtracting(["fasterRCNN"]))
  }
}

extension MethodCase: CustomTestStringConvertible {
  /// The name.
  public var testDescription: String { name }
}
