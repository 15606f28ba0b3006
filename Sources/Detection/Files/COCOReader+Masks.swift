extension COCOReader {
  /// A mask: polygons, runs in a list, compressed runs, or none.
  func outline(
    _ scanner: inout JSONScanner, into storage: inout OutlineStorage
  ) throws -> (outline: Outline, size: (height: Int, width: Int)?) {
    switch try scanner.kind() {
    case .list: return (try polygons(&scanner, into: &storage), nil)
    case .object: return try runs(&scanner, into: &storage)
    case .null: try scanner.skip()
    default:
      problem(.badMask, "segmentation is neither polygons nor runs")
      try scanner.skip()
    }
    return (.none, nil)
  }

  private func polygons(_ scanner: inout JSONScanner, into storage: inout OutlineStorage) throws -> Outline {
    let (first, start) = (storage.ends.count, storage.coordinates.count)
    var wrong: AnnotationChecks.Problem?
    func note(_ kind: AnnotationFault.Kind, _ message: String) { if wrong == nil { wrong = (kind, message) } }
    try scanner.list { scanner, place in
      guard try scanner.kind() == .list else {
        note(.badMask, "segmentation[\(place)] is not a list of coordinates")
        return try scanner.skip()
      }
      let corners = storage.coordinates.count
      try scanner.list { scanner, _ in
        guard try scanner.kind() == .number else {
          note(.badMask, "segmentation[\(place)] holds what is not a number")
          return try scanner.skip()
        }
        let value = try scanner.number().value
        if !value.isFinite {
          note(.notFinite, "segmentation[\(place)] is not finite")
        } else if abs(value) > RunLengthMask.coordinateLimit {
          note(.outside, "segmentation[\(place)] has a coordinate of \(AnnotationChecks.text(value))")
        }
        storage.coordinates.append(value)
      }
      let count = storage.coordinates.count - corners
      if count % 2 == 1 {
        note(.badMask, "segmentation[\(place)] has \(count) coordinates, an odd number")
      } else if count < 6 {
        note(.badMask, "segmentation[\(place)] has \(count / 2) points, a polygon needs 3")
      }
      storage.ends.append(storage.coordinates.count)
    }
    if let wrong {
      problems.append(wrong)
      storage.ends.removeSubrange(first...)
      storage.coordinates.removeSubrange(start...)
      return .none
    }
    let count = storage.ends.count - first
    return count == 0 ? .none : .polygons(first: first, count: count)
  }

  private func runs(
    _ scanner: inout JSONScanner, into storage: inout OutlineStorage
  ) throws -> (outline: Outline, size: (height: Int, width: Int)?) {
    let first = storage.runs.count
    var (isText, sawCounts) = (false, false)
    var size: [Int]?
    let before = problems.count
    try scanner.object { scanner, key in
      switch key {
      case "size": size = try self.wholes("segmentation.size", &scanner)
      case "counts":
        sawCounts = true
        isText = try scanner.kind() == .text
        if isText { try self.compressedRuns(&scanner, into: &storage) } else { try self.listedRuns(&scanner, into: &storage) }
      default: try scanner.skip()
      }
    }
    if problems.count == before {
      if !sawCounts {
        problem(.badMask, "segmentation has no counts")
      } else if size?.count != 2 {
        problem(.badMask, "segmentation.size is not height and width")
      } else if let size, !RunLengthMask.fits(storage.runs[first...], width: size[1], height: size[0]) {
        let sum = storage.runs[first...].reduce(0) { $0 + Int($1) }
        problem(.badMask, "segmentation.counts add up to \(sum) pixels, not to \(size[0]) x \(size[1])")
      }
    }
    guard problems.count == before, let size else {
      storage.runs.removeSubrange(first...)
      return (.none, nil)
    }
    return (.runs(first: first, count: storage.runs.count - first, isText: isText), (height: size[0], width: size[1]))
  }

  private func compressedRuns(_ scanner: inout JSONScanner, into storage: inout OutlineStorage) throws {
    let start = scanner.offset
    let isRight: Bool
    if let bytes = try scanner.plainText() {
      isRight = RunLengthMask.appendRuns(of: bytes, to: &storage.runs)
    } else {
      // A backslash is a letter of the code, written as an escape.
      scanner.offset = start
      isRight = RunLengthMask.appendRuns(of: try scanner.text().utf8, to: &storage.runs)
    }
    if !isRight { problem(.badMask, "segmentation.counts is a broken run-length code") }
  }

  private func listedRuns(_ scanner: inout JSONScanner, into storage: inout OutlineStorage) throws {
    guard try scanner.kind() == .list else {
      problem(.badMask, "segmentation.counts is neither a list nor a text")
      return try scanner.skip()
    }
    var isRight = true
    try scanner.list { scanner, _ in
      guard try scanner.kind() == .number, let run = UInt32(exactly: try scanner.number().whole ?? -1) else {
        isRight = false
        return
      }
      storage.runs.append(run)
    }
    if !isRight { problem(.badMask, "segmentation.counts holds what is not a run's length") }
  }
}
