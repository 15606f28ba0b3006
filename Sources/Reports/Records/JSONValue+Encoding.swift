import Tensors

/// Records as JSON: members in the order in which they are encoded, so that equal records give equal bytes.
///
/// Foundation's encoder sorts members or leaves their order open; a line of a log has to begin with its step.
extension JSONValue {
  /// The JSON of a record.
  /// - Throws: `LongtailError` with code `internalError` for a type that does not encode itself by members or elements.
  package init(encoding record: some Encodable) throws {
    let encoder = RecordEncoder(path: [])
    try record.encode(to: encoder)
    self = encoder.node.value
  }
}

/// A place in the JSON that is being made.
private final class Node {
  var scalar: JSONValue?
  var members: [(key: String, node: Node)]?
  var elements: [Node]?

  var value: JSONValue {
    if let members { return .object(members.map { JSONValue.Member($0.key, $0.node.value) }) }
    if let elements { return .array(elements.map(\.value)) }
    return scalar ?? .null
  }

  func member(_ key: String) -> Node {
    let node = Node()
    if members == nil { members = [] }
    members?.append((key, node))
    return node
  }

  func element() -> Node {
    let node = Node()
    if elements == nil { elements = [] }
    elements?.append(node)
    return node
  }

  /// Writes any value here.
  func write(_ value: some Encodable, path: [any CodingKey]) throws {
    switch value {
    case let value as Bool: scalar = .bool(value)
    case let value as String: scalar = .string(value)
    case let value as Double: scalar = .double(value)
    case let value as Float: scalar = .double(Double(value))
    case let value as any BinaryInteger:
      guard let whole = Int(exactly: value) else {
        throw LongtailError(.internalError, "\(value) is too large for a record")
      }
      scalar = .int(whole)
    default: try value.encode(to: RecordEncoder(node: self, path: path))
    }
  }
}

private struct RecordEncoder: Encoder {
  let node: Node
  let codingPath: [any CodingKey]
  let userInfo: [CodingUserInfoKey: Any] = [:]

  init(node: Node = Node(), path: [any CodingKey]) { (self.node, codingPath) = (node, path) }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    node.members = node.members ?? []
    return KeyedEncodingContainer(Members<Key>(node: node, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    node.elements = node.elements ?? []
    return Elements(node: node, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { Scalar(node: node, codingPath: codingPath) }
}

private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let node: Node
  let codingPath: [any CodingKey]

  func encodeNil(forKey key: Key) { node.member(key.stringValue).scalar = .null }
  func encode(_ value: some Encodable, forKey key: Key) throws {
    try node.member(key.stringValue).write(value, path: codingPath + [key])
  }
  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
    RecordEncoder(node: node.member(key.stringValue), path: codingPath + [key]).container(keyedBy: type)
  }
  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    RecordEncoder(node: node.member(key.stringValue), path: codingPath + [key]).unkeyedContainer()
  }
  func superEncoder() -> any Encoder { RecordEncoder(node: node.member("super"), path: codingPath) }
  func superEncoder(forKey key: Key) -> any Encoder { RecordEncoder(node: node.member(key.stringValue), path: codingPath + [key]) }
}

private struct Elements: UnkeyedEncodingContainer {
  let node: Node
  let codingPath: [any CodingKey]
  var count: Int { node.elements?.count ?? 0 }

  func encodeNil() { node.element().scalar = .null }
  func encode(_ value: some Encodable) throws { try node.element().write(value, path: codingPath) }
  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
    RecordEncoder(node: node.element(), path: codingPath).container(keyedBy: type)
  }
  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
    RecordEncoder(node: node.element(), path: codingPath).unkeyedContainer()
  }
  func superEncoder() -> any Encoder { RecordEncoder(node: node.element(), path: codingPath) }
}

private struct Scalar: SingleValueEncodingContainer {
  let node: Node
  let codingPath: [any CodingKey]

  func encodeNil() { node.scalar = .null }
  func encode(_ value: some Encodable) throws { try node.write(value, path: codingPath) }
}
