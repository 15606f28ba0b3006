extension COCOReader {
  /// Turns ids into places, and checks what needs the whole file.
  func resolve() {
    if isLVIS == nil { isLVIS = categories.contains { $0.frequency != nil } && lists.contains { $0.negative != nil } }
    let isLVIS = isLVIS ?? false
    set.format = isLVIS ? .lvis : .coco
    resolveCategories(isLVIS)
    let images = resolveImages(isLVIS)
    resolveAnnotations(images, isLVIS)
    if isLVIS { findContradictions() }
  }

  private func resolveCategories(_ isLVIS: Bool) {
    var seen = Set<Int>()
    var names = [String: Int]()
    for (place, category) in categories.enumerated() {
      if !seen.insert(category.id).inserted {
        fault(.duplicateID, label("categories", place, id: category.id), "there is a class of this id before")
      } else if isLVIS, let other = names.updateValue(category.id, forKey: category.name) {
        fault(.duplicateEntry, label("categories", place, id: category.id), "class \(other) has the name '\(category.name)' too")
      } else if isLVIS, category.frequency == nil {
        fault(.missingValue, label("categories", place, id: category.id), "has no frequency, which LVIS needs")
      }
    }
    set.categories = CategoryTable(categories)
  }

  /// - Returns: places by id.
  private func resolveImages(_ isLVIS: Bool) -> [Int: Int] {
    var places: [Int: Int] = [:]
    places.reserveCapacity(set.images.count)
    var files: [String: Int] = [:]
    for k in set.images.indices {
      let id = set.images[k].id
      let entry = { self.label("images", self.lists[k].place, id: id) }
      if places[id] != nil {
        fault(.duplicateID, entry(), "there is an image of this id before")
        continue
      }
      places[id] = k
      let name = set.images[k].filePath
      if !name.isEmpty, let other = files.updateValue(id, forKey: name) {
        fault(.duplicateEntry, entry(), "image \(other) has the file '\(name)' too")
      }
      guard isLVIS else { continue }
      for (name, ids) in [("neg_category_ids", lists[k].negative), ("not_exhaustive_category_ids", lists[k].notExhaustive)] {
        guard let ids else {
          fault(.missingValue, entry(), "has no \(name), which LVIS needs")
          continue
        }
        var columns: [Int] = []
        for id in ids {
          if let column = set.categories.column(ofID: id) {
            columns.append(column)
          } else if !hasNamelessCategories {
            fault(.unknownCategory, entry(), "\(name) has class \(id), which is not among the categories")
          }
        }
        if name == "neg_category_ids" {
          set.images[k].negativeCategories = columns
        } else {
          set.images[k].notExhaustiveCategories = columns
        }
      }
    }
    return places
  }

  private func resolveAnnotations(_ images: [Int: Int], _ isLVIS: Bool) {
    var seen = Set<Int>(minimumCapacity: entries.count)
    set.instances.reserveCapacity(entries.count)
    for entry in entries {
      var instance = entry.instance
      if !seen.insert(instance.id).inserted { problem(.duplicateID, "there is an annotation of this id before") }
      let image = images[instance.image]
      if image == nil, !hasNamelessImages { problem(.unknownImage, "there is no image \(instance.image)") }
      let category = set.categories.column(ofID: instance.category)
      if category == nil, !hasNamelessCategories { problem(.unknownCategory, "there is no class \(instance.category)") }
      if isLVIS, instance.flags.contains(.crowd) { problem(.contradiction, "iscrowd is 1, but LVIS has no crowds") }
      guard let image, let category else {
        report("annotations", entry.place, id: instance.id)
        continue
      }
      (instance.image, instance.category) = (image, category)
      let place = set.images[image]
      // Sizes that are wrong themselves were named already.
      if place.width > 0, place.height > 0 {
        if let size = entry.maskSize, size.height != place.height || size.width != place.width {
          problem(
            .badMask, "segmentation.size is \(size.height) x \(size.width), but the image has \(place.height) rows of \(place.width) pixels"
          )
          instance.outline = .none
        }
        if let wrong = AnnotationChecks.problem(instance.box, in: place) {
          problems.append(wrong)
        } else if let wrong = AnnotationChecks.problem(instance.outline, instance.box, in: place, set.outlines) {
          problems.append(wrong)
        }
      } else {
        instance.outline = .none
      }
      report("annotations", entry.place, id: instance.id)
      if instance.box.isFinite { set.instances.append(instance) }
    }
    entries = []
  }

  /// A class that is there cannot be one that is known to be absent.
  private func findContradictions() {
    var present = [Set<Int>](repeating: [], count: set.images.count)
    for instance in set.instances { present[instance.image].insert(instance.category) }
    for (k, image) in set.images.enumerated() {
      let entry = { self.label("images", self.lists[k].place, id: image.id) }
      for column in image.negativeCategories where present[k].contains(column) {
        fault(.contradiction, entry(), "class \(set.categories[column].id) is in neg_category_ids, but there are annotations of it")
      }
      for column in Set(image.negativeCategories).intersection(image.notExhaustiveCategories).sorted() {
        fault(.contradiction, entry(), "class \(set.categories[column].id) is in neg_category_ids and in not_exhaustive_category_ids")
      }
    }
  }
}

extension AnnotatedImage {
  /// The image's file: for LVIS v1 the last two parts of the address, which distinguish train2017 from val2017, else the name.
  package var filePath: String {
    let parts = address.split(separator: "/")
    if parts.count >= 4 { return parts.suffix(2).joined(separator: "/") }
    return fileName
  }
}
