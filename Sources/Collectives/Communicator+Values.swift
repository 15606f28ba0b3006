import Foundation

extension Communicator {
  /// Gives all ranks rank zero's value, as JSON. Collective.
  /// - Parameter value: only rank zero's is evaluated.
  package func broadcastValue<Value: Codable>(_ value: @autoclosure () throws -> Value) throws -> Value {
    var bytes = isRoot ? [UInt8](try JSONEncoder().encode(value())) : []
    try broadcast(&bytes, from: 0)
    return try JSONDecoder().decode(Value.self, from: Data(bytes))
  }

  /// Gives all ranks the values of all ranks, by rank, as JSON. Collective.
  package func gatherValues<Value: Codable>(_ value: Value) throws -> [Value] {
    try gatherEverywhere([UInt8](JSONEncoder().encode(value))).map { try JSONDecoder().decode(Value.self, from: Data($0)) }
  }
}
