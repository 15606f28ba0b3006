extension AnnotationReading {
  /// What is not wrong but may surprise.
  mutating func addRemarks() {
    var perClass = [Int](repeating: 0, count: set.categories.count)
    var hasBox = [Bool](repeating: false, count: set.images.count)
    var (crowds, thin, zeroIDs) = (0, 0, 0)
    for instance in set.instances {
      perClass[instance.category] += 1
      hasBox[instance.image] = true
      if instance.flags.contains(.crowd) { crowds += 1 }
      if instance.box.width > 0, instance.box.height > 0, min(instance.box.width, instance.box.height) <= 1 { thin += 1 }
      if instance.id == 0 { zeroIDs += 1 }
    }
    let empty = hasBox.count { !$0 }
    if empty > 0 { remarks.append("\(empty) of \(set.images.count) images have no instance: they count as negatives") }
    let absent = set.categories.categories.indices.filter { perClass[$0] == 0 }
    if !absent.isEmpty {
      let names = absent.prefix(8).map { set.categories[$0].name }.joined(separator: ", ")
      let more = absent.count > 8 ? " and \(absent.count - 8) more" : ""
      remarks.append("\(absent.count) of \(set.categories.count) classes have no instance: \(names)\(more)")
    }
    if crowds > 0 { remarks.append("\(crowds) instances are crowds: judges ignore them") }
    if thin > 0 { remarks.append("\(thin) boxes have a side of one pixel or less") }
    if zeroIDs > 0 { remarks.append("an annotation has id 0, which pycocotools takes for no match; Longtail does not") }
    var names: [String: Int] = [:]
    for category in set.categories.categories { names[category.name, default: 0] += 1 }
    for (name, count) in names.sorted(by: { $0.key < $1.key }) where count > 1 {
      remarks.append("\(count) classes have the name '\(name)'")
    }
  }
}
