import Foundation
import TestSupport
import Testing

/// `Tests/Client` as a package of its own, beside a clean clone of this one that it depends on. The clone is built as a whole, in minutes:
/// `Launch/test --client` asks for it.
@Suite(.serialized, .enabled(if: ClientPackage.isWanted, "LONGTAIL_CLIENT_TESTS is not set: Launch/test --client sets it"))
struct ClientPackageTests {
  @Test func clientPackageIsBuiltAndHasEveryCommand() throws {
    let package = try ClientPackage()
    defer { package.remove() }
    let program = "\(package.products)/mine"
    try withTemporaryDirectory { directory in
      let client = ClientProgram(program: program, directory: directory)
      try client.expectDescriptions()
      try client.expectTraining()
      try client.expectTrainingOfATask()
      try client.expectSameBitsAfterAKill(ranks: nil)
      if Program.hasMPI { try client.expectSameBitsAfterAKill(ranks: 2) }
    }
    for command in ["train", "evaluate", "compare", "tune", "predict", "stats", "inspect", "report", "runs", "bench", "plan", "doctor"] {
      #expect(try Program.run(program, [command, "--help"]).exitCode == 0, "\(command)")
    }
    // What cannot be registered ends the program before any command.
    let refused = try Program.run("\(package.products)/twice", ["describe"])
    #expect(refused.exitCode == 64 && refused.errors.contains("objective 'pat' is there already"), "\(refused)")
  }
}

/// The package, in a temporary directory; or in the one that `LONGTAIL_CLIENT_TESTS` names, where it stays and is built again as it is.
struct ClientPackage {
  private static let wish = ProcessInfo.processInfo.environment["LONGTAIL_CLIENT_TESTS"]
  static var isWanted: Bool { wish != nil }

  let directory: String
  private let isKept: Bool
  /// Where its programs lie.
  var products: String { "\(directory)/mine/.build/release" }

  /// Clones, writes and builds.
  init() throws {
    let kept = ClientPackage.wish.flatMap { $0.hasPrefix("/") ? $0 : nil }
    (directory, isKept) = (kept ?? NSTemporaryDirectory() + "longtail-client-\(UUID().uuidString)", kept != nil)
    if !FileManager.default.fileExists(atPath: "\(directory)/mine/Package.swift") { try write() }
    try ClientPackage.check("/usr/bin/env", ["swift", "build", "-c", "release"], directory: "\(directory)/mine")
  }

  private func write() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    let files = FileManager.default
    try files.createDirectory(atPath: "\(directory)/mine/Sources/mine", withIntermediateDirectories: true)
    try files.createDirectory(atPath: "\(directory)/mine/Sources/twice", withIntermediateDirectories: true)
    try ClientPackage.check("/usr/bin/env", ["git", "clone", "--quiet", "--no-local", root, "\(directory)/longtail"])
    // What Launch/bootstrap unpacks there.
    try files.createSymbolicLink(atPath: "\(directory)/longtail/.deps", withDestinationPath: "\(root)/.deps")
    for file in try files.contentsOfDirectory(atPath: "\(root)/Tests/Client") {
      try files.copyItem(atPath: "\(root)/Tests/Client/\(file)", toPath: "\(directory)/mine/Sources/mine/\(file)")
    }
    try """
    // swift-tools-version: 6.2
    import PackageDescription

    let longtail = Target.Dependency.product(name: "Longtail", package: "longtail")

    let package = Package(
      name: "mine",
      dependencies: [.package(path: "../longtail")],
      targets: [
        .executableTarget(name: "mine", dependencies: [longtail], swiftSettings: [.swiftLanguageMode(.v5)]),
        .executableTarget(name: "twice", dependencies: [longtail]),
      ]
    )

    """.write(toFile: "\(directory)/mine/Package.swift", atomically: true, encoding: .utf8)
    try """
    import Longtail

    LongtailProgram.main {
      try ObjectiveRegistry.register(ObjectiveRegistry.Entry("pat", summary: "taken", about: "Taken.") { _, _ in throw CancellationError() })
    }

    """.write(toFile: "\(directory)/mine/Sources/twice/main.swift", atomically: true, encoding: .utf8)
    let resolved = "\(root)/Package.resolved"
    if files.fileExists(atPath: resolved) { try files.copyItem(atPath: resolved, toPath: "\(directory)/mine/Package.resolved") }
  }

  func remove() { if !isKept { try? FileManager.default.removeItem(atPath: directory) } }

  private static func check(_ program: String, _ arguments: [String], directory: String? = nil) throws {
    let outcome = try Program(program, arguments, directory: directory).wait(seconds: 3600)
    try #require(outcome.exitCode == 0, "\(outcome)")
  }
}
