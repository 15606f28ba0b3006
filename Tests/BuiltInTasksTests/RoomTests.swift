import Foundation
import Testing

/// What rooms import, as the manifest and the sources have it.
@Suite struct RoomTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  private static let tasks: Set = ["Segmentation", "Recognition", "Detection"]

  /// What the manifest lets each target import.
  private let dependencies: [String: Set<String>]
  /// What the sources of each room import.
  private let imports: [String: Set<String>]

  init() throws {
    let manifest = try String(contentsOf: Self.root.appendingPathComponent("Package.swift"), encoding: .utf8)
    let targets = manifest.matches(of: #/arget\(\s*name: "(\w+)"(?:, dependencies: |,\s*dependencies: )?(\[[^\]]*\])?/#)
    dependencies = Dictionary(
      uniqueKeysWithValues: targets.map { target in
        (String(target.1), Set((target.2 ?? "").matches(of: #/"(\w+)"/#).map { String($0.1) }))
      })
    let sources = Self.root.appendingPathComponent("Sources")
    imports = try FileManager.default.contentsOfDirectory(atPath: sources.path).reduce(into: [:]) { imports, room in
      let files = FileManager.default.enumerator(at: sources.appendingPathComponent(room), includingPropertiesForKeys: nil)
      for case let file as URL in try #require(files) where file.pathExtension == "swift" {
        let text = try String(contentsOf: file, encoding: .utf8)
        imports[room, default: []].formUnion(text.matches(of: #/(?m)^(?:@\w+ )?import (\w+)$/#).map { String($0.1) })
      }
    }
  }

  /// Everything below a room.
  private func below(_ room: String) -> Set<String> {
    var (found, waiting) = (Set<String>(), [room])
    while let next = waiting.popLast() {
      for other in dependencies[next] ?? [] where found.insert(other).inserted { waiting.append(other) }
    }
    return found
  }

  /// The compiler finds any module that is built already: only the manifest says which may be imported.
  @Test func sourcesImportWhatTheManifestSays() {
    #expect(imports.count > 20 && imports.values.allSatisfy { !$0.isEmpty } && dependencies.count > 60, "\(dependencies.count) targets")
    for (room, imported) in imports {
      let hidden = imported.filter { imports[$0] != nil }.subtracting(below(room))
      #expect(hidden.isEmpty, "\(room) imports \(hidden.sorted()), which the manifest does not list for it")
      #expect(!below(room).contains(room), "\(room) stands above itself")
    }
  }

  @Test func trainingAndReportsKnowNoTask() {
    for room in ["Training", "Reports", "Runs", "Exchange", "Tasks"] {
      #expect(below(room).isDisjoint(with: Self.tasks.union(["BuiltInTasks"])), "\(room): \(below(room).sorted())")
    }
    for task in Self.tasks {
      #expect(below(task).isDisjoint(with: Self.tasks.union(["Training", "Reports", "Runs"])), "\(task): \(below(task).sorted())")
    }
    #expect(below("BuiltInTasks").isSuperset(of: Self.tasks.union(["Training"])))
  }

  /// Values in, pages out.
  @Test func reportsKnowNeitherTrainingNorNetworks() throws {
    #expect(!below("Reports").contains("Training"))
    #expect(try #require(imports["Reports"]).isDisjoint(with: ["Networks", "Models", "Kernels"]))
  }
}
