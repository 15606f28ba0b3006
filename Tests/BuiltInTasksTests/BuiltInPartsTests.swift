import BuiltInTasks
import Configuration
import Tensors
import TestSupport
import Testing
import Training

/// The tasks of the house are there once somebody has asked for them, in one order, however many ask at a time.
@Suite struct BuiltInPartsTests {
  @Test func manyMayRegisterAtOnce() async throws {
    try await withThrowingTaskGroup(of: [String].self) { group in
      for _ in 0..<32 {
        group.addTask {
          try BuiltInParts.register()
          return TaskRegistry.entries.map(\.name)
        }
      }
      for try await names in group { #expect(Array(names.prefix(3)) == ["segmentation", "recognition", "detection"]) }
    }
    for name in ["segmentation", "recognition", "detection"] { #expect(TaskRegistry.entries.count { $0.name == name } == 1) }
    #expect(MethodRegistry.names.count { $0 == "fasterRCNN" } == 1)
    #expect(Set(EpilogueRegistry.names).isSuperset(of: ["regionClassifier", "regionBiasShift"]))
  }

  @Test func aConfigurationFindsItsTask() throws {
    try BuiltInParts.register()
    #expect(try TaskRegistry.entry(of: Configuration()).name == "segmentation", "that of a configuration that names none")
    #expect(try TaskRegistry.entry(of: Configuration(yaml: "task: detection")).method == "fasterRCNN")
    let unknown = longtailError { try TaskRegistry.entry(of: Configuration(yaml: "task: detecton")) }
    #expect(unknown?.code == .usage && unknown?.message == "task: unknown task 'detecton'")
    let advice = try #require(unknown?.advice)
    #expect(advice.hasPrefix("Did you mean 'detection'? Known: segmentation, recognition, detection"))
  }

  @Test func aNameIsTakenOnce() throws {
    try BuiltInParts.register()
    let entry = try #require(TaskRegistry.entries.first)
    let taken = longtailError { try TaskRegistry.register(entry) }
    #expect(taken?.code == .usage && taken?.message == "task 'segmentation' is there already")
  }
}
