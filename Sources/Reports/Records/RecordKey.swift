/// A member's name that is known only when a record is written or read, such as that of a score.
struct RecordKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(_ name: String) { stringValue = name }
  init?(stringValue: String) { self.init(stringValue) }
  init?(intValue: Int) { nil }
}

/// A name with a number, in an order that matters.
package struct NamedNumber: Sendable, Equatable {
  /// The name.
  package var name: String
  /// The number.
  package var value: Double

  /// Names a number.
  package init(_ name: String, _ value: Double) { (self.name, self.value) = (name, value) }
}

/// Numbers by name: an object in a record. Read back in the order of their names, since JSON has none.
struct NamedNumbers: Codable {
  var values: [NamedNumber]

  init(_ values: [NamedNumber]) { self.values = values }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: RecordKey.self)
    values = try container.allKeys.sorted { $0.stringValue < $1.stringValue }.map { key in
      NamedNumber(key.stringValue, try container.decode(Double.self, forKey: key))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: RecordKey.self)
    for number in values { try container.encode(number.value, forKey: RecordKey(number.name)) }
  }
}
