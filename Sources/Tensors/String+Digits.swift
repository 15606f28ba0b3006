extension String {
  /// A number in decimal, with zeros in front where it has fewer digits: `00012`.
  package init(_ number: some BinaryInteger, digits: Int) {
    let text = String(number)
    self = String(repeating: "0", count: Swift.max(0, digits - text.count)) + text
  }
}
