import Foundation
import Testing

/// Real ranks under a real `mpirun`. One after the other: each already fills the machine.
@Suite(.serialized, .enabled(if: ProbeRunner.hasMPI, "mpirun is not on PATH: nothing here was tested"))
struct MessagePassingTests {
  private func expectHolds(_ outcome: ProbeOutcome, _ checks: String, ranks: Int) {
    #expect(outcome.exitCode == 0, "\(outcome.output)")
    for check in checks.split(separator: ",") {
      for rank in 0..<ranks {
        #expect(outcome.output.contains("rank \(rank) of \(ranks): \(check) holds"), "\(check) on rank \(rank): \(outcome.output)")
      }
    }
  }

  @Test func everyCheckHoldsWithoutALauncher() throws {
    let checks = "identity,sums,extremes,bytes,small-messages,lone,threaded,budget"
    expectHolds(try ProbeRunner.alone(checks), checks, ranks: 1)
  }

  @Test func everyCheckHoldsOnOneRankOfMPI() throws {
    let checks = "identity,sums,extremes,bytes,small-messages,lone,threaded,budget"
    expectHolds(try ProbeRunner.everyRank(checks, ranks: 1), checks, ranks: 1)
  }

  @Test(arguments: 2...4)
  func everyCheckHolds(ranks: Int) throws {
    let checks = "identity,sums,extremes,bytes,small-messages,window,messages,threaded,budget,all-reduce"
    expectHolds(try ProbeRunner.everyRank(checks, ranks: ranks), checks, ranks: ranks)
  }

  @Test func slicesGoBetweenNodes() throws {
    expectHolds(
      try ProbeRunner.everyRank("between-nodes,bfloat16,parts,sums,extremes,small-pieces", ranks: 4, ranksPerNode: [2]),
      "between-nodes,bfloat16,parts,sums,extremes,small-pieces", ranks: 4)
  }

  /// The lanes are as many as the smallest node has ranks; ranks of other nodes only take part in the sums of their node.
  @Test(arguments: [[3, 1], [1, 2], [2, 1, 1]])
  func nodesWithUnequalRanks(sizes: [Int]) throws {
    let ranks = sizes.reduce(0, +)
    expectHolds(
      try ProbeRunner.everyRank("uneven-nodes,bfloat16,parts,sums,extremes,small-pieces", ranks: ranks, ranksPerNode: sizes),
      "uneven-nodes,bfloat16,parts,sums,extremes,small-pieces", ranks: ranks)
  }

  @Test func nodesWithTwoLanesOfUnequalRanks() throws {
    expectHolds(
      try ProbeRunner.everyRank("uneven-nodes,bfloat16,small-pieces", ranks: 5, ranksPerNode: [3, 2]),
      "uneven-nodes,bfloat16,small-pieces", ranks: 5)
  }

  @Test(arguments: [2, 3]) func nodesWithOneRankUseMessages(ranks: Int) throws {
    expectHolds(
      try ProbeRunner.everyRank("one-rank-nodes,bfloat16,small-pieces", ranks: ranks, ranksPerNode: [1]),
      "one-rank-nodes,bfloat16,small-pieces", ranks: ranks)
  }

  /// On one node there is no wire: bfloat16 changes nothing.
  @Test func bfloat16IsForMessagesBetweenNodes() throws {
    expectHolds(try ProbeRunner.everyRank("exact-on-a-node,parts", ranks: 2), "exact-on-a-node,parts", ranks: 2)
  }

  /// The second leaves Open MPI no component that makes windows: version 6 has several.
  @Test(arguments: [["osc_sm_backing_directory", "/nowhere/at/all"], ["osc", "^sm,rdma,ucx,monitoring"]])
  func withoutAWindowMessagesAreUsedAndItIsSaid(setting: [String]) throws {
    expectHolds(try ProbeRunner.everyRank("no-window", ranks: 2, options: ["--mca"] + setting), "no-window", ranks: 2)
  }

  @Test func oneRankThatThrowsEndsAllWithItsCode() throws {
    let outcome = try ProbeRunner.everyRank("throw", ranks: 3)
    #expect(outcome.exitCode == 65)
    #expect(outcome.output.contains("longtail: rank 2 of 3 on "))
    #expect(outcome.output.contains("a label is out of range"))
    #expect(!outcome.output.contains("holds"))
  }

  @Test func ranksThatAllFailSpeakOnce() throws {
    let outcome = try ProbeRunner.everyRank("throw-everywhere", ranks: 3)
    #expect(outcome.exitCode == 78)
    #expect(outcome.output.components(separatedBy: "every rank dislikes this configuration").count == 2, "\(outcome.output)")
  }

  @Test func abortCodePassesThroughMpirun() throws {
    #expect(try ProbeRunner.everyRank("abort", ranks: 2).exitCode == 77)
  }

  @Test func rankThatLeavesDoesNotHangTheOthers() throws {
    let outcome = try ProbeRunner.everyRank("leave", ranks: 2)
    #expect(outcome.exitCode != 0 && outcome.exitCode != 15, "\(outcome.output)")
  }

  @Test func missingLibraryIsNamed() throws {
    let outcome = try ProbeRunner.everyRank("missing-library", ranks: 1)
    #expect(outcome.exitCode == 78)
    #expect(outcome.output.contains("Open MPI's library cannot be loaded: libmpi-of-nowhere.so"))
  }

  @Test func anotherLibraryIsRefused() throws {
    let outcome = try ProbeRunner.everyRank("foreign-library", ranks: 1)
    #expect(outcome.exitCode == 78)
    #expect(outcome.output.contains("libm.so.6 is not the Open MPI that is needed; it has no symbol MPI_Init_thread"), "\(outcome.output)")
  }

  @Test func launcherThatPromisesMoreRanksIsCaught() throws {
    // A process that believes mpirun started four, and an MPI that knows of one: what a second installation looks like.
    let outcome = try ProbeRunner.alone("identity", environment: ["OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "0"])
    #expect(outcome.exitCode == 78, "\(outcome.output)")
    #expect(outcome.output.contains("The launcher started 4 ranks, but Open MPI v"))
  }

  @Test func torchrunIsNamed() throws {
    let outcome = try ProbeRunner.alone("identity", environment: ["RANK": "0", "WORLD_SIZE": "2"])
    #expect(outcome.exitCode == 78)
    #expect(outcome.output.contains("started by torchrun? use mpirun"))
  }

  @Test func threadsFollowBinding() throws {
    let bound = try ProbeRunner.everyRank("budget", ranks: 1, options: ["--map-by", "slot:PE=1", "--bind-to", "core"])
    #expect(bound.output.contains("ranks that use them: 1"), "\(bound.output)")
    let unbound = try ProbeRunner.everyRank("budget", ranks: 3, options: ["--bind-to", "none"])
    #expect(unbound.output.contains("ranks that use them: 3"), "\(unbound.output)")
    let asked = try ProbeRunner.everyRank(
      "budget", ranks: 2, options: ["--bind-to", "none", "-x", "OMP_NUM_THREADS=5000"])
    #expect(asked.output.contains("threads per rank: 5000 (OMP_NUM_THREADS)"), "\(asked.output)")
    #expect(asked.output.contains("they take turns"), "\(asked.output)")
  }
}
