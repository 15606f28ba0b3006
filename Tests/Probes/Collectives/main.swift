import Collectives
import Foundation
import Tensors
import Threading

// Run by CollectivesTests, alone or on every rank of an mpirun: `CollectivesProbe CHECK[,CHECK...] [RANKS[,RANKS...]]`, the
// ranks of pretended nodes.
// Exits 0 if the check holds on this rank; else it says what does not and ends the job.

let arguments = CommandLine.arguments
let checks = (arguments.count > 1 ? arguments[1] : "").split(separator: ",").map(String.init)
let ranksPerNode = arguments.count > 2 ? arguments[2].split(separator: ",").compactMap { Int($0) } : nil
let libraries =
  switch checks.first {
  case "missing-library": ["libmpi-of-nowhere.so"]
  case "foreign-library": ["libm.so.6"]
  default: ["libmpi.so.40", "libmpi.so"]
  }

var joining = WatchdogLimits()
if checks.contains("late") {
  (joining.warning, joining.limit) = (0.3, 30)
  if ProcessInfo.processInfo.environment["OMPI_COMM_WORLD_RANK"] == "1" { sleep(3) }
}

var joined: Communicator?
do {
  let communicator = try Launcher.connect(
    environment: ProcessInfo.processInfo.environment, libraryNames: libraries, simulatedRanksPerNode: ranksPerNode,
    joining: joining)
  joined = communicator
  for check in checks {
    try run(check, on: communicator)
    print("rank \(communicator.rank) of \(communicator.size): \(check) holds")
  }
  try communicator.finish()
} catch {
  FailureHandler.endJob(error, communicator: joined)
}
