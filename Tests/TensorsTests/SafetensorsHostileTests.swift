import Foundation
import Tensors
import Testing

/// Files that lie. Each has to be refused with a message that names the file, what is wrong, and the tensor where there is one.
@Suite struct SafetensorsHostileTests {
  struct Case: Sendable, CustomStringConvertible {
    var description: String
    var header: String
    var data = 8
    var tensor: String? = "a"
    var says: String
  }

  static let good = #""a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#
  static let cases: [Case] = [
    Case(description: "equal names", header: "{\(good),\(good)}", says: "appears twice"),
    Case(
      description: "equal names, escaped", header: #"{\#(good),"\u0061":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}}"#, says: "twice"),
    Case(description: "two metadata", header: #"{"__metadata__":{},"__metadata__":{},\#(good)}"#, tensor: "__metadata__", says: "twice"),
    Case(
      description: "equal metadata keys", header: #"{"__metadata__":{"k":"1","k":"2"},\#(good)}"#, tensor: "__metadata__",
      says: "'k' appears"),
    Case(description: "metadata number", header: #"{"__metadata__":{"k":1},\#(good)}"#, tensor: "__metadata__", says: "text in quotes"),
    Case(
      description: "equal keys", header: #"{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
      says: "'dtype' appears twice"),
    Case(description: "hole", header: #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, says: "belong to no tensor"),
    Case(
      description: "hole between",
      header: #"{"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      says: "bytes 2 to 4"),
    Case(
      description: "overlap",
      header: #"{"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      says: "overlap"),
    Case(
      description: "the same bytes twice", header: #"{\#(good),"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, tensor: nil,
      says: "overlap"),
    Case(description: "left over", header: "{\(good)}", data: 9, tensor: nil, says: "1 bytes at the end"),
    Case(description: "left over, no tensors", header: "{}", data: 1, tensor: nil, says: "1 bytes at the end"),
    Case(description: "truncated data", header: "{\(good)}", data: 7, says: "lie outside"),
    Case(description: "backwards", header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, says: "lie outside"),
    Case(description: "too large a shape", header: #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, says: "takes 12 bytes"),
    Case(
      description: "overflow", header: #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}"#, says: "overflows"),
    Case(
      description: "overflow to the right size", header: #"{"a":{"dtype":"F32","shape":[4294967296,4294967296,2],"data_offsets":[0,8]}}"#,
      says: "overflows"),
    Case(
      description: "a number of 80 bits", header: #"{"a":{"dtype":"F32","shape":[1208925819614629174706176],"data_offsets":[0,8]}}"#,
      says: "63 bits"),
    Case(description: "negative", header: #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, says: "whole number"),
    Case(description: "fraction", header: #"{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}"#, says: "expected ']'"),
    Case(description: "leading zero", header: #"{"a":{"dtype":"F32","shape":[02],"data_offsets":[0,8]}}"#, says: "superfluous zero"),
    Case(description: "three offsets", header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}"#, says: "3 numbers"),
    Case(description: "unknown kind", header: #"{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}"#, says: "'F33'"),
    Case(description: "unknown key", header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}"#, says: "unknown key 'x'"),
    Case(description: "missing key", header: #"{"a":{"dtype":"F32","shape":[2]}}"#, says: "missing"),
    Case(description: "deep", header: #"{"a":"# + String(repeating: "[", count: 100_000), says: "expected '{'"),
    Case(description: "deep shape", header: #"{"a":{"shape":"# + String(repeating: "[", count: 100_000), says: "whole number"),
    Case(description: "list", header: "[]", tensor: nil, says: "begin with '{'"),
    Case(description: "space first", header: " {\(good)}", tensor: nil, says: "begin with '{'"),
    Case(description: "empty header", header: "", tensor: nil, says: "begin with '{'"),
    Case(description: "text behind", header: "{\(good)} x", tensor: nil, says: "after the end"),
    Case(description: "comma behind", header: "{\(good),}", tensor: nil, says: "text in quotes"),
    Case(description: "open text", header: #"{"a"#, tensor: nil, says: "ends within a text"),
    Case(description: "control character", header: "{\"a\n\":{}}", tensor: nil, says: "control character"),
    Case(description: "half a surrogate", header: #"{"\ud800":{}}"#, tensor: nil, says: "surrogate"),
    Case(description: "wrong surrogate", header: #"{"\ud800\u0041":{}}"#, tensor: nil, says: "surrogate"),
    Case(description: "bad escape", header: #"{"\x41":{}}"#, tensor: nil, says: "unknown escape"),
    Case(description: "bad digits", header: #"{"\u+041":{}}"#, tensor: nil, says: "hexadecimal"),
  ]

  @Test(arguments: cases) func isRefused(_ hostile: Case) throws {
    let failure = try open(file(hostile.header, data: hostile.data))
    #expect(failure?.code == .badData)
    #expect(failure?.message.contains(hostile.says) == true, "\(failure?.message ?? "read without complaint")")
    #expect(failure?.message.contains("tensors-test-") == true)
    if let tensor = hostile.tensor { #expect(failure?.message.contains("tensor '\(tensor)'") == true, "\(failure?.message ?? "")") }
  }

  @Test func goodOnesAreRead() throws {
    #expect(try open(file("{\(Self.good)}")) == nil)
    #expect(try open(file("{}", data: 0)) == nil)
    #expect(try open(file("{ \"a\" :\n{\"data_offsets\":[ 0 , 8 ],\"shape\":[1,2,1],\"dtype\":\"F32\"} }   ")) == nil)
    #expect(try open(file(#"{"\ud83d\ude00\/\n":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#)) == nil)
    #expect(try open(file(#"{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}"#)) == nil)
  }

  @Test func lyingLengthsAreRefusedBeforeAnythingIsAllocated() throws {
    for (bytes, says) in [
      ([UInt8](), "0 bytes"), ([1, 2, 3], "3 bytes"), ([255, 255, 255, 255, 255, 255, 255, 255], "above the limit"),
      ([1, 225, 245, 5, 0, 0, 0, 0, 123], "above the limit"), ([3, 0, 0, 0, 0, 0, 0, 0, 123, 125], "ends after 2"),
    ] {
      let failure = try open(bytes)
      #expect(failure?.code == .badData)
      #expect(failure?.message.contains(says) == true, "\(failure?.message ?? "")")
    }
  }

  @Test func textThatIsNotUTF8IsRefused() throws {
    var bytes = file("{\(Self.good)}")
    bytes[10] = 0xFF
    #expect(try open(bytes)?.message.contains("not UTF-8") == true)
  }

  @Test func unsupportedKindsAreNamedWhenRead() throws {
    try withTemporaryFile(file(#"{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}"#)) { path in
      let failure = #expect(throws: LongtailError.self) { try SafetensorsFile(path: path).readAll() }
      #expect(failure?.message.contains("F8_E4M3") == true && failure?.message.contains("'a'") == true)
    }
  }

  @Test func directoriesAreRefused() {
    let failure = #expect(throws: LongtailError.self) { try SafetensorsFile(path: NSTemporaryDirectory()) }
    #expect(failure?.message.contains("not a regular file") == true)
  }

  /// Any damage either is noticed or leaves tensors that fit: nothing traps.
  @Test func damageNeverTraps() throws {
    let random = CounterRandom(seed: 1, purpose: .testing)
    let headerLength = 8 + Int(ReferenceFile.bytes[0]) + Int(ReferenceFile.bytes[1]) << 8
    var refused = 0
    for round in 0..<2000 {
      var bytes = ReferenceFile.bytes
      for change in 0...random.integer(round * 8, below: 3) {
        let draw = round * 8 + 2 * change + 1
        bytes[random.integer(draw, below: headerLength)] = UInt8(random.integer(draw + 1, below: 256))
      }
      if random.integer(round * 8 + 7, below: 4) == 0 { bytes.removeLast(random.integer(round, below: bytes.count)) }
      try withTemporaryFile(bytes) { path in
        do {
          for tensor in try SafetensorsFile(path: path).readAll() {
            #expect(tensor.shape.reduce(1, *) == tensor.values.count)
          }
        } catch is LongtailError { refused += 1 }
      }
    }
    #expect(refused > 1000)
  }

  private func file(_ header: String, data: Int = 8) -> [UInt8] {
    let text = Array(header.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + [UInt8](repeating: 0, count: data)
  }

  private func open(_ bytes: [UInt8]) throws -> LongtailError? {
    try withTemporaryFile(bytes) { path in
      do {
        _ = try SafetensorsFile(path: path)
        return nil
      } catch let error as LongtailError { return error }
    }
  }
}
