extension RunLengthMask {
  /// The runs as COCO's files compress them: from the fourth run on the difference to the run before the last, in groups of five bits from
  /// the lowest, each a character from `0` to `o` whose sixth bit says that more follow.
  package var text: String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(counts.count * 2)
    for (place, count) in counts.enumerated() {
      var value = Int(count)
      if place > 2 { value -= Int(counts[place - 2]) }
      var more = true
      while more {
        var group = UInt8(truncatingIfNeeded: value & 0x1F)
        value >>= 5
        more = group & 0x10 != 0 ? value != -1 : value != 0
        if more { group |= 0x20 }
        bytes.append(group + 48)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Reads compressed runs; nil where they are broken or do not add up to the image's pixels.
  package init?(width: Int, height: Int, text: String) {
    var counts: [UInt32] = []
    guard RunLengthMask.appendRuns(of: text.utf8, to: &counts) else { return nil }
    self.init(width: width, height: height, counts: counts)
  }

  /// Appends the runs of a compressed text.
  /// - Returns: false for characters out of range, a text that ends within a run, and runs that are negative or too long.
  static func appendRuns(of text: some Sequence<UInt8>, to counts: inout [UInt32]) -> Bool {
    let first = counts.count
    var (value, shift) = (0, 0)
    for character in text {
      guard (48...111).contains(character), shift <= 35 else { return false }
      let group = Int(character - 48)
      value |= (group & 0x1F) << shift
      shift += 5
      if group & 0x20 != 0 { continue }
      if group & 0x10 != 0 { value |= -1 << shift }
      if counts.count - first > 2 { value += Int(counts[counts.count - 2]) }
      guard let run = UInt32(exactly: value) else { return false }
      counts.append(run)
      (value, shift) = (0, 0)
    }
    return shift == 0
  }
}
