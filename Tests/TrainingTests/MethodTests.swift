import Foundation
import Tensors
import TestSupport
import Testing

/// A method with everything that a step can have beside one network and one loss, on real ranks: see `ToyMethod` of the probe.
@Suite(.serialized, .enabled(if: Program.hasMPI, "mpirun is not on PATH: nothing here was tested"))
struct MethodTests {
  private static let steps = 7

  private struct Outcome {
    let digest: String
    let inventory: [String]
    let tensors: [String: StoredTensor]
  }

  private func run(_ name: String, in directory: String, ranks: Int, event: String = "none") throws -> Program.Outcome {
    try Program.run("MethodProbe", ["\(directory)/\(name)", "\(directory)/\(name)", "\(Self.steps)", event], ranks: ranks)
  }

  private func outcome(_ name: String, in directory: String) throws -> Outcome {
    let lines = try String(contentsOfFile: "\(directory)/\(name).txt", encoding: .utf8).split(separator: "\n").map(String.init)
    let tensors = try SafetensorsFile(path: "\(directory)/\(name).safetensors").readAll()
    return Outcome(
      digest: lines[0], inventory: Array(lines.dropFirst()), tensors: Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0) }))
  }

  private func whole(_ name: String, in directory: String, ranks: Int) throws -> Outcome {
    let ended = try run(name, in: directory, ranks: ranks)
    try #require(ended.exitCode == 0, "\(ranks) ranks: \(ended)")
    return try outcome(name, in: directory)
  }

  @Test func isEqualOnAnyNumberOfRanks() throws {
    try withTemporaryDirectory { directory in
      let one = try whole("one", in: directory, ranks: 1)
      for ranks in [2, 4] {
        let many = try whole("on\(ranks)", in: directory, ranks: ranks)
        #expect(many.inventory == one.inventory)
        #expect(Set(many.tensors.keys) == Set(one.tensors.keys) && one.tensors["headStep.head.weight"] != nil)
        for (name, expected) in one.tensors {
          let found = try #require(many.tensors[name])
          #expect(found.shape == expected.shape, "\(name) on \(ranks) ranks")
          if expected.values.integers != nil {
            #expect(found.values == expected.values, "\(name) on \(ranks) ranks")
          } else if let a = expected.values.doubles, let b = found.values.doubles {
            let largest = a.map(abs).max() ?? 0
            let error = zip(a, b).map { abs($0 - $1) }.max() ?? 0
            #expect(error <= 2e-4 * max(largest, 1e-3), "\(name) on \(ranks) ranks: \(error) of \(largest)")
          }
        }
      }
    }
  }

  @Test(arguments: [1, 2, 4]) func isResumedExactly(ranks: Int) throws {
    try withTemporaryDirectory { directory in
      let expected = try whole("whole", in: directory, ranks: ranks)
      let killed = try run("killed", in: directory, ranks: ranks, event: "kill:5")
      #expect(killed.exitCode != 0 && !FileManager.default.fileExists(atPath: "\(directory)/killed.txt"))
      let resumed = try whole("killed", in: directory, ranks: ranks)
      #expect(resumed.digest == expected.digest)
      #expect(resumed.tensors == expected.tensors)
    }
  }

  /// What each part remembers is in the inventory, and has moved as it should.
  @Test func stateIsInTheInventory() throws {
    try withTemporaryDirectory { directory in
      let found = try whole("one", in: directory, ranks: 1)
      for line in [
        "model.down.weight  F32  16 x 8 x 3 x 3", "average.down.weight  F32  16 x 8 x 3 x 3",
        "optimizer.momentum.down.weight  F32  16 x 8 x 3 x 3",
        "teacher.down.weight  F32  16 x 8 x 3 x 3", "teacher.norm.running_mean  F32  8", "key.down.weight  F32  16 x 8 x 3 x 3",
        "key.norm2.running_var  F32  16", "head.fc.weight  F32  4 x 16 x 1 x 1", "head.norm.running_mean  F32  16",
        "head.optimizer.momentum.fc.weight  F32  4 x 16 x 1 x 1", "head.optimizer.stepCount  I64  one", "queue.rows  F32  20 x 8",
        "queue.labels  I64  any length", "queue.entered  I64  one", "bank.rows  F32  any length", "bank.samples  I64  any length",
      ] { #expect(found.inventory.contains(line), "\(line)") }
      #expect(found.inventory.contains { $0.hasPrefix("objective.") })
      func numbers(_ name: String) -> [Double] { found.tensors[name]?.values.doubles ?? [] }
      // 8, 6, 3, 8, 6, 3 and 8 rows; the newest 20 of them stay, the classes in the order of the global batches.
      #expect(found.tensors["queue.entered"]?.values.integers == [42])
      var slots = [Int64](repeating: -1, count: 20)
      var entered = 0
      for (step, count) in [8, 6, 3, 8, 6, 3, 8].enumerated() {
        for sample in 8 * step..<8 * step + count {
          slots[entered % 20] = sample % 7 == 6 ? -1 : Int64(sample % 4)
          entered += 1
        }
      }
      #expect(found.tensors["queue.labels"]?.values.integers == slots)
      // Epochs of three steps: of the last two, where the classes that keep two have three; ignored rows are left out.
      var kept: [Int64] = []
      for (step, count) in [8, 6, 3, 8, 6, 3, 8].enumerated() {
        for sample in 8 * step..<8 * step + count where sample % 7 != 6 {
          let first = sample % 4 < 2 ? 1 : 0
          if step / 3 >= first { kept.append(Int64(sample)) }
        }
      }
      #expect(found.tensors["bank.samples"]?.values.integers == kept)
      #expect(found.tensors["bank.rows"]?.values.count == 8 * kept.count)
      // The copy lies between where it began and the student; the teacher has not moved.
      let (student, key) = (numbers("optimizer.live.down.weight"), numbers("key.down.weight"))
      #expect(student != key && student.count == 1152 && key.count == 1152)
      let (teacher, moved) = (numbers("teacher.norm.running_mean"), numbers("key.norm.running_mean"))
      #expect(teacher == Array(repeating: 0, count: 8))
      #expect(moved.contains { $0 != 0 })
    }
  }

  @Test(arguments: ["queue.rows", "key.down.weight", "head.fc.weight", "teacher.stem.weight", "bank.rows"])
  func ranksAreCompared(leaf: String) throws {
    try withTemporaryDirectory { directory in
      let ended = try run("damaged", in: directory, ranks: 2, event: "damage:\(leaf)")
      #expect(ended.exitCode != 0)
      let part = leaf.split(separator: ".")[0]
      #expect(ended.errors.contains("no longer hold the same") && ended.errors.contains(part), "\(ended)")
    }
  }
}
