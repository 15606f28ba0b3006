import Checkpoints
import Foundation
import Kernels
import Networks
import TestSupport
import Testing

@testable import Training

/// The user's cache of measured choices.
@Suite struct MeasuredAlgorithmsTests {
  private static func signature(_ images: Int) -> ConvolutionSignature {
    ConvolutionSignature(
      images: images, inputChannels: 16, outputChannels: 16, height: 8, width: 8, geometry: ConvolutionGeometry(kernel: 3, padding: 1),
      threads: 1)
  }

  private static func choice(_ algorithm: ConvolutionAlgorithm) -> AlgorithmChoices.Choice {
    .init(algorithm: algorithm, milliseconds: [algorithm.rawValue: 1])
  }

  private static func cache(_ directory: String, processor: String = "A Processor (R) 3000", build: String = "b") throws
    -> MeasuredAlgorithms
  {
    try #require(MeasuredAlgorithms(environment: ["XDG_CACHE_HOME": directory], processor: processor, build: build))
  }

  @Test func theFirstWritersChoicesStand() throws {
    try withTemporaryDirectory { directory in
      let (first, second) = (try Self.cache(directory), try Self.cache(directory))
      #expect(first.table.isEmpty && first.problem == nil)
      #expect(first.path == "\(directory)/longtail/algorithms/a-processor-r-3000-onednn-\(OneDNN.version)-\(OneDNN.instructionSet)-b.json")
      #expect(first.add([Self.signature(1): Self.choice(.direct)]) == nil)
      #expect(second.add([Self.signature(1): Self.choice(.tiledWinograd), Self.signature(2): Self.choice(.tiledWinograd)]) == nil)
      let read = try Self.cache(directory).table
      #expect(read == [Self.signature(1): Self.choice(.direct), Self.signature(2): Self.choice(.tiledWinograd)])
      // What a model chose, without times, is none of the cache's business.
      #expect(first.add([Self.signature(3): .init(algorithm: .direct)]) == nil)
      #expect(try Self.cache(directory).table == read)
      let names = try FileManager.default.contentsOfDirectory(atPath: "\(directory)/longtail/algorithms").sorted()
      #expect(names.count == 2 && names[1].hasSuffix(".json.lock"), "\(names)")
    }
  }

  @Test func othersMeasurementsAreNotOurs() throws {
    try withTemporaryDirectory { directory in
      let own = try Self.cache(directory)
      #expect(own.add([Self.signature(1): Self.choice(.direct)]) == nil)
      #expect(try Self.cache(directory, build: "c").table.isEmpty)
      #expect(try Self.cache(directory, processor: "Another").table.isEmpty)
      // A name that shortens to the same words.
      #expect(try Self.cache(directory, processor: "A Processor [R] 3000").table.isEmpty)
      #expect(try Self.cache(directory).table.count == 1)
    }
  }

  @Test func aDamagedFileIsMadeAnew() throws {
    try withTemporaryDirectory { directory in
      let own = try Self.cache(directory)
      #expect(own.add([Self.signature(1): Self.choice(.direct)]) == nil)
      try "{\"choices\": [".write(toFile: own.path, atomically: true, encoding: .utf8)
      let damaged = try Self.cache(directory)
      #expect(damaged.table.isEmpty && damaged.problem?.contains("is damaged") == true)
      #expect(damaged.add([Self.signature(2): Self.choice(.direct)]) == nil)
      #expect(try Self.cache(directory).table.count == 1)
      // A cache that cannot be written is said, and stops nothing.
      try "".write(toFile: "\(directory)/file", atomically: true, encoding: .utf8)
      #expect(try Self.cache("\(directory)/file").add([Self.signature(1): Self.choice(.direct)])?.contains("are not kept") == true)
    }
  }

  @Test func theCacheIsWhereTheStandardPutsIt() {
    #expect(MeasuredAlgorithms.directory(["XDG_CACHE_HOME": "/c", "HOME": "/h"]) == "/c/longtail/algorithms")
    #expect(MeasuredAlgorithms.directory(["XDG_CACHE_HOME": "c", "HOME": "/h"]) == "/h/.cache/longtail/algorithms")
    #expect(MeasuredAlgorithms.directory(["HOME": "/h"]) == "/h/.cache/longtail/algorithms")
    #expect(MeasuredAlgorithms.directory([:]) == nil)
  }

  @Test func theGainIsSaid() {
    var report = PlanReport()
    #expect(AlgorithmRecord.gain(report) == nil)
    (report.convolutionMilliseconds, report.modelMilliseconds) = (98, 100)
    #expect(AlgorithmRecord.gain(report)?.hasSuffix("take 98.0 ms, 2.0 % less than with those of the model") == true)
    (report.convolutionMilliseconds, report.modelMilliseconds) = (100, 100)
    #expect(AlgorithmRecord.gain(report)?.contains("as much as with those of the model") == true)
  }
}
