import Foundation
import Reports
import TestSupport
import Testing

@Suite struct JSONLinesTests {
  private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  @Test func numbersAreTheShortestThatReadBack() {
    let value = JSONValue.members([
      "a": .double(0.1), "b": .double(1e-5), "c": .double(3), "d": .int(3), "e": .double(.nan), "f": .double(-.infinity), "g": .null,
      "h": .array([.bool(true), .string("q\"\n\u{1}é")]), "i": .object([]), "j": .array([]), "k": .double(1.0 / 3), "l": .double(1e300),
    ])
    #expect(
      value.line
        == #"{"a":0.1,"b":1e-05,"c":3.0,"d":3,"e":"nan","f":"-inf","g":null,"h":[true,"q\"\n\u0001é"],"i":{},"j":[],"#
        + #""k":0.3333333333333333,"l":1e+300}"#)
    let read = try? JSONSerialization.jsonObject(with: Data(value.line.utf8)) as? [String: Any]
    #expect(read?["k"] as? Double == 1.0 / 3)
    #expect(JSONValue.members(["a": .array([.int(1)]), "b": .object([])]).pretty == "{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}\n")
  }

  @Test func goldenStep() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/log.jsonl"
      let log = try JSONLines(path: path)
      var record = step(3)
      record.terms = [NamedNumber("pcla", 0.25)]
      record.gradientNorm = 1.5
      record.phases = [NamedNumber("data", 0.125), NamedNumber("forward", 0.25)]
      try log.append(record)
      // Flushed: readable before it is closed.
      #expect(
        try text(path)
          == #"{"step":3,"epoch":1,"samples":24,"images":8,"validPixels":1000,"loss":0.3333333333333333,"terms":{"pcla":0.25},"#
          + #""learningRate":0.001,"gradientNorm":1.5,"bytesReduced":0,"time":{"step":0.5,"data":0.125,"forward":0.25}}"# + "\n")
      try log.synchronize()
      try log.close()
    }
  }

  @Test func aResumedLogEqualsAnUninterruptedOne() throws {
    try withTemporaryDirectory { directory in
      let (whole, broken) = ("\(directory)/whole.jsonl", "\(directory)/broken.jsonl")
      let uninterrupted = try JSONLines(path: whole)
      for number in 1...20 { try uninterrupted.append(step(number)) }
      let first = try JSONLines(path: broken)
      for number in 1...13 { try first.append(step(number)) }
      try first.close()
      // Killed in the middle of a line.
      let handle = try #require(FileHandle(forWritingAtPath: broken))
      try handle.seekToEnd()
      try handle.write(contentsOf: Data(#"{"step":14,"epo"#.utf8))
      try handle.close()
      // The checkpoint was that of step 9.
      let second = try JSONLines(path: broken, cuttingFrom: 10)
      for number in 10...20 { try second.append(step(number)) }
      #expect(try text(broken) == text(whole))
    }
  }

  @Test func aTornLineIsRemovedAndTheRestStays() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/log.jsonl"
      try "{\"step\":1,\"a\":2}\n{\"step\":2".write(toFile: path, atomically: true, encoding: .utf8)
      let log = try JSONLines(path: path)
      try log.append(step: 7, [])
      #expect(try text(path) == "{\"step\":1,\"a\":2}\n{\"step\":7}\n")
      try log.close()
      let emptied = try JSONLines(path: path, cuttingFrom: 0)
      #expect(try text(path) == "")
      try emptied.close()
    }
  }

  @Test func piecesOfTheFileAreJoined() throws {
    try withTemporaryDirectory { directory in
      // Lines that straddle the pieces of 1 MiB in which the file is read.
      let path = "\(directory)/long.jsonl"
      let log = try JSONLines(path: path)
      let filler = String(repeating: "x", count: 300_000)
      for number in 1...12 { try log.append(step: number, [.init("filler", .string(filler))]) }
      try log.close()
      let size = try text(path).utf8.count / 12
      _ = try JSONLines(path: path, cuttingFrom: 9)
      let kept = try text(path)
      #expect(kept.split(separator: "\n").count == 8)
      #expect(abs(kept.utf8.count - 8 * size) < 16)
    }
  }

  @Test func foreignLinesAreRefused() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/log.jsonl"
      try "{\"step\":1}\nhello\n".write(toFile: path, atomically: true, encoding: .utf8)
      let error = longtailError { _ = try JSONLines(path: path) }
      #expect(error?.code == .badData)
      #expect(error?.message == "\(path):2: this line does not begin with {\"step\":")
      #expect(try text(path) == "{\"step\":1}\nhello\n")
      #expect(longtailError { _ = try JSONLines(path: "\(directory)/none/log.jsonl") }?.code == .inputOutput)
    }
  }

  @Test func evaluationLine() throws {
    let line = try JSONValue(encoding: evaluation()).line
    #expect(
      line.hasPrefix(
        #"{"step":1350,"epoch":30,"images":101,"resolution":"network","miou":0.4753,"averagedClasses":4,"groups":{"head":0.9506,"#))
    #expect(
      line.contains(
        #"{"name":"pole","group":"tail","pixels":6000,"predictedPixels":0,"iou":0.0,"accuracy":0.0,"precision":null,"neverPredicted":true}"#
      ))
    #expect(line.hasSuffix(#""time":{"evaluation":0.0}}"#))
  }
}
