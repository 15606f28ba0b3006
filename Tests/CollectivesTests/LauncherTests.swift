import Collectives
import Foundation
import Tensors
import Testing

@Suite struct LauncherTests {
  @Test func withoutALauncherThereIsOneProcess() throws {
    #expect(try Launcher.decide(environment: [:]) == .singleProcess)
    #expect(try Launcher.decide(environment: ["SLURM_NTASKS": "4", "SLURM_PROCID": "0"]) == .singleProcess)
    #expect(try Launcher.decide(environment: ["PMI_SIZE": "1", "PMI_RANK": "0"]) == .singleProcess)
    #expect(try Launcher.connect(environment: [:]) is SingleProcess)
  }

  @Test func mpirunMeansMPIEvenForOneRank() throws {
    #expect(
      try Launcher.decide(environment: ["OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "3"]) == .openMPI(ranks: 4, rank: 3))
    #expect(
      try Launcher.decide(environment: ["OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"]) == .openMPI(ranks: 1, rank: 0))
    // mpirun started from a shell in which torchrun's variables are set.
    #expect(
      try Launcher.decide(environment: ["OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0", "RANK": "0", "WORLD_SIZE": "8"])
        == .openMPI(ranks: 2, rank: 0))
    #expect(
      try Launcher.decide(environment: ["PMIX_NAMESPACE": "slurm.1", "PMIX_RANK": "5", "SLURM_STEP_NUM_TASKS": "8"])
        == .openMPI(ranks: 8, rank: 5))
  }

  @Test(arguments: [
    (["RANK": "1", "WORLD_SIZE": "2"], "started by torchrun? use mpirun"),
    (["OMPI_COMM_WORLD_SIZE": "many"], "not a number of ranks"),
    (["OMPI_COMM_WORLD_SIZE": "0"], "not a number of ranks"),
    (["PMI_SIZE": "4", "PMI_RANK": "0"], "another MPI's mpiexec"),
    (["MV2_COMM_WORLD_SIZE": "2"], "another MPI's mpiexec"),
    (["MPI_LOCALNRANKS": "4", "MPI_LOCALRANKID": "0"], "another MPI's mpiexec"),
    (["SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "1"], "without PMIx"),
  ])
  func otherLaunchersAreNamed(environment: [String: String], text: String) throws {
    let error = try #require(throws: LongtailError.self) { try Launcher.decide(environment: environment) }
    #expect(error.code == .mismatch)
    #expect(error.message.contains(text))
    #expect(error.advice != nil)
  }

  @Test func promiseIsComparedWithMPI() throws {
    try Launcher.check(promised: 4, found: 4, version: "Open MPI v4.1.4")
    try Launcher.check(promised: nil, found: 4, version: "Open MPI v4.1.4")
    let error = try #require(throws: LongtailError.self) {
      try Launcher.check(promised: 4, found: 1, version: "Open MPI v4.1.4")
    }
    #expect(error.code == .mismatch)
    // Slurm's PMIx does not say how many there are, but that this one is the sixth.
    #expect(throws: LongtailError.self) { try Launcher.check(promised: nil, rank: 5, found: 1, version: "Open MPI v4.1.4") }
    try Launcher.check(promised: nil, rank: 5, found: 6, version: "Open MPI v4.1.4")
    #expect(error.message.contains("4 ranks") && error.message.contains("Open MPI v4.1.4"))
    #expect(error.advice?.contains("different installations") == true)
  }

  @Test func failureMessageNamesTheRank() {
    let error = LongtailError(.badData, "label 200 in a.png", advice: "fix it")
    #expect(
      FailureHandler.message(for: error, rank: 2, size: 4, host: "node7")
        == "longtail: rank 2 of 4 on node7: label 200 in a.png\n  fix it\n")
    #expect(FailureHandler.message(for: error, rank: 0, size: 1, host: "node7") == "longtail: label 200 in a.png\n  fix it\n")
    #expect(FailureHandler.exitCode(for: error) == 65)
    #expect(FailureHandler.exitCode(for: CocoaError(.fileNoSuchFile)) == 70)
  }

  @Test func windowDirectoryIsChecked() throws {
    #expect(MPICommunicator.shortage(in: "/nowhere/at/all", byteCount: 1)?.contains("cannot be read") == true)
    let directory = FileManager.default.temporaryDirectory.path
    #expect(MPICommunicator.shortage(in: directory, byteCount: 1 << 60)?.contains("MiB free of the") == true)
  }
}
