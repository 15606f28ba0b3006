extension ParameterSpecification {
  /// A parameter of a layer that lives in another room.
  package static func named(_ name: String, shape: [Int], initialization: Initialization, isFrozen: Bool = false) -> Self {
    ParameterSpecification(name: name, shape: shape, initialization: initialization, isFrozen: isFrozen)
  }
}
