extension COCOReader {
  func scanAnnotation(_ scanner: inout JSONScanner, _ place: Int) throws {
    var entry = Entry(
      place: place, instance: Instance(id: 0, image: 0, category: 0, box: Box(x: 0, y: 0, width: 0, height: 0), area: -1, flags: []))
    var (id, image, category): (Int?, Int?, Int?)
    var (sawID, sawImage, sawCategory, sawBox) = (false, false, false, false)
    var (box, area): (Box?, Double?)
    try scanner.object { scanner, key in
      switch key {
      case "id": (id, sawID) = (try self.whole("id", &scanner), true)
      case "image_id": (image, sawImage) = (try self.whole("image_id", &scanner), true)
      case "category_id": (category, sawCategory) = (try self.whole("category_id", &scanner), true)
      case "bbox": (box, sawBox) = (try self.box("bbox", &scanner), true)
      case "area": area = try self.number("area", &scanner)
      case "iscrowd": if try self.flag("iscrowd", &scanner) { entry.instance.flags.insert(.crowd) }
      case "ignore": if try self.flag("ignore", &scanner) { entry.instance.flags.insert(.ignored) }
      case "isgroupof": if try self.flag("isgroupof", &scanner) { entry.instance.flags.insert(.group) }
      case "segmentation": (entry.instance.outline, entry.maskSize) = try self.outline(&scanner, into: &self.set.outlines)
      default: try scanner.skip()
      }
    }
    for (name, saw) in [("id", sawID), ("image_id", sawImage), ("category_id", sawCategory), ("bbox", sawBox)] where !saw {
      problem(.missingValue, "has no \(name)")
    }
    if let area, !area.isFinite {
      problem(.notFinite, "area is \(area)")
    } else if let area, area < 0 {
      problem(.badValue, "area is \(AnnotationChecks.text(area))")
    }
    let isWrong = report("annotations", place, id: id)
    if isWrong { entry.instance.outline = .none }
    guard let id, let image, let category, let box else { return }
    entry.instance.id = id
    (entry.instance.image, entry.instance.category, entry.instance.box) = (image, category, box)
    entry.instance.area = area ?? (box.isFinite ? box.area : 0)
    entries.append(entry)
  }

  // MARK: Values

  /// A whole number; nil, and a problem, for anything else.
  func whole(_ name: StaticString, _ scanner: inout JSONScanner) throws -> Int? {
    guard try scanner.kind() == .number else {
      problem(.badValue, "\(name) is not a number")
      try scanner.skip()
      return nil
    }
    let number = try scanner.number()
    if number.whole == nil {
      problem(number.value.isFinite ? .badValue : .notFinite, "\(name) is \(number.value), not a whole number of 64 bits")
    }
    return number.whole
  }

  func number(_ name: StaticString, _ scanner: inout JSONScanner) throws -> Double? {
    switch try scanner.kind() {
    case .number: return try scanner.number().value
    case .null: try scanner.skip()
    default:
      problem(.badValue, "\(name) is not a number")
      try scanner.skip()
    }
    return nil
  }

  func text(_ name: StaticString, _ scanner: inout JSONScanner) throws -> String {
    switch try scanner.kind() {
    case .text: return try scanner.text()
    case .null: try scanner.skip()
    default:
      problem(.badValue, "\(name) is not a text")
      try scanner.skip()
    }
    return ""
  }

  /// 0 or 1, true or false.
  func flag(_ name: StaticString, _ scanner: inout JSONScanner) throws -> Bool {
    switch try scanner.kind() {
    case .truth: return try scanner.truth()
    case .null: try scanner.skip()
    case .number:
      let number = try scanner.number()
      if number.whole == 0 || number.whole == 1 { return number.whole == 1 }
      problem(.badValue, "\(name) is \(AnnotationChecks.text(number.value)), not 0 or 1")
    default:
      problem(.badValue, "\(name) is not 0 or 1")
      try scanner.skip()
    }
    return false
  }

  func wholes(_ name: StaticString, _ scanner: inout JSONScanner) throws -> [Int]? {
    guard try scanner.kind() == .list else {
      problem(.badValue, "\(name) is not a list")
      try scanner.skip()
      return []
    }
    var values: [Int] = []
    try scanner.list { scanner, _ in if let value = try self.whole(name, &scanner) { values.append(value) } }
    return values
  }

  /// Four numbers; nil, and a problem, for anything else.
  func box(_ name: StaticString, _ scanner: inout JSONScanner) throws -> Box? {
    var numbers = (0.0, 0.0, 0.0, 0.0)
    var (count, isRight) = (0, true)
    guard try scanner.kind() == .list else {
      problem(.badValue, "\(name) is not a list of four numbers")
      try scanner.skip()
      return nil
    }
    try scanner.list { scanner, place in
      count += 1
      guard try scanner.kind() == .number else {
        isRight = false
        return try scanner.skip()
      }
      let value = try scanner.number().value
      switch place {
      case 0: numbers.0 = value
      case 1: numbers.1 = value
      case 2: numbers.2 = value
      default: numbers.3 = value
      }
    }
    guard isRight, count == 4 else {
      problem(.badValue, isRight ? "\(name) has \(count) numbers, not x, y, width, height" : "\(name) holds what is not a number")
      return nil
    }
    return Box(x: numbers.0, y: numbers.1, width: numbers.2, height: numbers.3)
  }
}
