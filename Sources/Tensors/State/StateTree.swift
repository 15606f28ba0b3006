/// Everything that a part and those below it remember: the list of their leaves, by path.
///
/// A tree is cheap and is made anew whenever it is walked over; it refers to the numbers, and holds none.
public struct StateTree {
  /// All leaves, in the order in which they were named.
  public private(set) var leaves: [StateLeaf] = []
  private var prefix = ""

  /// A tree without leaves.
  public init() {}

  /// The tree of a part.
  public init(_ part: any Stateful) { part.describeState(in: &self) }

  /// Names a part: its leaves are called `name.…`.
  public mutating func child(_ name: String, _ part: any Stateful) {
    child(name) { part.describeState(in: &$0) }
  }

  /// Names leaves that belong together: they are called `name.…`.
  public mutating func child(_ name: String, _ body: (inout StateTree) -> Void) {
    let outer = prefix
    prefix += name + "."
    body(&self)
    prefix = outer
  }

  /// Names the tensors of a flat buffer, each a leaf.
  /// - Parameter title: what messages call a tensor of this name.
  public mutating func tensors(
    _ tensors: [FlatTensor], in buffer: HostBuffer, sharing: StateSharing = .replicated, title: (String) -> String
  ) {
    for tensor in tensors {
      leaves.append(StateLeaf(path: prefix + tensor.name, title: title(tensor.name), tensor, in: buffer, sharing: sharing))
    }
  }

  /// Names a row-major tensor that begins at some float of a buffer.
  public mutating func tensor(
    _ name: String, shape: [Int], in buffer: HostBuffer, at offset: Int = 0, sharing: StateSharing = .replicated, title: String? = nil
  ) {
    tensors([FlatTensor(name: name, shape: shape, offset: offset)], in: buffer, sharing: sharing) { title ?? $0 }
  }

  /// Names a value that a part keeps in a property.
  /// - Parameters:
  ///   - title: what messages call it; its path if nil.
  ///   - absent: what it is where a file does not hold it; files have to if nil.
  public mutating func value<Part: AnyObject, Value: StateValue>(
    _ name: String, of part: Part, _ property: ReferenceWritableKeyPath<Part, Value>, title: String? = nil, absent: Value? = nil
  ) {
    add(name, part, property, title, isCount: false, absent: absent)
  }

  /// Names a count of what the run has met on its way, such as steps that were left out. Runs that hold the same numbers may have met
  /// different things: digests leave it out, and checkpoints keep it in the run's record.
  public mutating func count<Part: AnyObject>(
    _ name: String, of part: Part, _ property: ReferenceWritableKeyPath<Part, Int>, title: String? = nil
  ) {
    add(name, part, property, title, isCount: true, absent: 0)
  }

  /// Names a row of numbers that a part gives and takes by functions.
  public mutating func row(
    _ name: String, count: Int, title: String, get: @escaping () -> [Double], set: @escaping ([Double]) throws -> Void
  ) {
    leaves.append(
      StateLeaf(
        path: prefix + name, title: title, shape: [count], elementType: .float64, isCount: false, absent: nil, get: { .float64(get()) },
        set: { try set($0.doubles ?? []) }))
  }

  private mutating func add<Part: AnyObject, Value: StateValue>(
    _ name: String, _ part: Part, _ property: ReferenceWritableKeyPath<Part, Value>, _ title: String?, isCount: Bool, absent: Value?
  ) {
    let path = prefix + name
    leaves.append(
      StateLeaf(
        path: path, title: title ?? path, shape: Value.stateShape, elementType: Value.elementType, isCount: isCount,
        absent: absent?.stateValues, get: { part[keyPath: property].stateValues },
        set: { values in
          guard let value = Value(stateValues: values) else {
            throw LongtailError(.badData, "\(path) holds \(values.elementType.rawValue), expected \(Value.elementType.rawValue)")
          }
          part[keyPath: property] = value
        }))
  }
}

extension StateTree: CustomStringConvertible {
  /// The inventory: a line a leaf with path, kind of number, extents and whose it is.
  public var description: String {
    leaves.map { leaf in
      let shape = leaf.shape.map { $0.isEmpty ? "one" : $0.map(String.init).joined(separator: " x ") } ?? "any length"
      return "\(leaf.path)  \(leaf.elementType.rawValue)  \(shape)" + (leaf.sharing == .replicated ? "" : "  each rank's own")
    }.joined(separator: "\n")
  }

  /// One fingerprint over all leaves but counts: equal for equal numbers in equal layouts.
  public var digest: StateDigest { StateDigest(combining: leaves.filter { !$0.isCount }.map(\.digest)) }
}
