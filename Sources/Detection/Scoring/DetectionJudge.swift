import Tensors
import Threading

/// Compares detections with what is there, by the rules of COCO or LVIS.
///
/// Classes are judged side by side on the threads of `ComputePool`; each by itself, so that the figures are equal on any number of them.
/// Cost: linear in detections, but for sorting; memory about 50 bytes a detection.
package struct DetectionJudge {
  private let rules: DetectionRules
  private let shape: DetectionShape
  private let annotations: AnnotationSet
  private let detections: DetectionList
  /// The place of each image in the order of ids: in that order equal scores of different images stand.
  private var ranks: [Int32]
  /// Objects and detections of each class that take part, in the order of their files.
  private var truthsOfClass: [[Int32]]
  private var detectionsOfClass: [[Int32]]

  /// Decides what takes part.
  /// - Parameters:
  ///   - detections: what was found.
  ///   - annotations: what is there.
  ///   - rules: by which to compare.
  ///   - shape: what to compare.
  ///   - ties: which of equally scored detections comes first.
  /// - Throws: `.badData` where masks are compared and an object has none.
  package init(
    _ detections: DetectionList, of annotations: AnnotationSet, rules: DetectionRules, shape: DetectionShape = .box, ties: TieOrder = .file
  ) throws {
    var (annotations, detections) = (annotations, detections)
    if ties == .content {
      detections.sortByContent()
      annotations.instances.sort { $0.id < $1.id }
    }
    if shape == .mask, let bare = annotations.instances.first(where: { !$0.hasMask }) {
      throw LongtailError(
        .badData, "annotation \(bare.id) has no mask, so masks cannot be compared", advice: "Compare boxes, with --iou box.")
    }
    (self.rules, self.shape, self.annotations, self.detections) = (rules, shape, annotations, detections)
    ranks = [Int32](repeating: 0, count: annotations.images.count)
    let order = annotations.images.indices.sorted { annotations.images[$0].id < annotations.images[$1].id }
    for (rank, image) in order.enumerated() { ranks[image] = Int32(rank) }
    truthsOfClass = [[Int32]](repeating: [], count: annotations.categories.count)
    detectionsOfClass = truthsOfClass
    for (k, instance) in annotations.instances.enumerated() where rules.kind == .coco || instance.area > 0 {
      truthsOfClass[instance.category].append(Int32(k))
    }
    for k in admitted() { detectionsOfClass[Int(detections.elements[Int(k)].category)].append(k) }
  }

  // MARK: Who takes part

  /// Detections that take part, in the order of the file.
  private func admitted() -> [Int32] {
    let elements = detections.elements
    var chosen = [Bool](repeating: true, count: elements.count)
    func keepBest(_ limit: Int, groups: Int, _ group: (DetectionList.Element) -> Int) {
      var members = [[Int32]](repeating: [], count: groups)
      for (k, element) in elements.enumerated() { members[group(element)].append(Int32(k)) }
      for list in members where list.count > limit {
        let sorted = list.sorted { a, b in
          let (x, y) = (elements[Int(a)].score, elements[Int(b)].score)
          return x != y ? x > y : a < b
        }
        for k in sorted[limit...] { chosen[Int(k)] = false }
      }
    }
    if let limit = rules.imageLimit { keepBest(limit, groups: annotations.images.count) { Int($0.image) } }
    if let limit = rules.classLimit { keepBest(limit, groups: annotations.categories.count) { Int($0.category) } }
    if rules.kind == .lvis { leaveOutUnverified(&chosen) }
    return elements.indices.filter { chosen[$0] }.map(Int32.init)
  }

  /// LVIS: of classes that nobody looked for in an image nothing is known there.
  private func leaveOutUnverified(_ chosen: inout [Bool]) {
    let columns = annotations.categories.count
    var known = [UInt64](repeating: 0, count: (annotations.images.count * columns + 63) / 64)
    func mark(_ image: Int, _ column: Int) {
      let place = image * columns + column
      known[place / 64] |= 1 << UInt64(place % 64)
    }
    for (k, image) in annotations.images.enumerated() { for column in image.negativeCategories { mark(k, column) } }
    for instance in annotations.instances where instance.area > 0 { mark(instance.image, instance.category) }
    for (k, element) in detections.elements.enumerated() where chosen[k] {
      let place = Int(element.image) * columns + Int(element.category)
      if element.area <= 0 || known[place / 64] >> UInt64(place % 64) & 1 == 0 { chosen[k] = false }
    }
  }

  // MARK: Judging

  /// Judges all classes.
  package func scores() -> DetectionScores {
    let columns = annotations.categories.count
    // Classes with much to do go first, so that the threads end together.
    let order = (0..<columns).sorted {
      let (a, b) = (detectionsOfClass[$0].count, detectionsOfClass[$1].count)
      return a != b ? a > b : $0 < $1
    }
    var tallies = [ClassTally](repeating: ClassTally([], counted: [0], limits: rules.limits), count: columns)
    tallies.withUnsafeMutableBufferPointer { slots in
      nonisolated(unsafe) let slots = slots
      ComputePool.forEach(parts: columns) { part in slots[order[part]] = tally(ofColumn: order[part]) }
    }
    return DetectionScores(annotations: annotations, rules: rules, tallies: tallies)
  }

  private func tally(ofColumn column: Int) -> ClassTally {
    let elements = detections.elements
    let truths = truthsOfClass[column].sorted { a, b in
      let (x, y) = (ranks[annotations.instances[Int(a)].image], ranks[annotations.instances[Int(b)].image])
      return x != y ? x < y : a < b
    }
    let found = detectionsOfClass[column].sorted { a, b in
      let (x, y) = (elements[Int(a)], elements[Int(b)])
      if x.image != y.image { return ranks[Int(x.image)] < ranks[Int(y.image)] }
      return x.score != y.score ? x.score > y.score : a < b
    }
    var counted = [Int](repeating: 0, count: DetectionRules.areas.count)
    var entries: [ClassTally.Entry] = []
    entries.reserveCapacity(found.count)
    var tied = 0
    var matcher = ImageMatcher()
    var outcomes: [ImageMatcher.Outcome] = []
    var (t, d) = (0, 0)
    while t < truths.count || d < found.count {
      let truthRank = t < truths.count ? ranks[annotations.instances[Int(truths[t])].image] : .max
      let foundRank = d < found.count ? ranks[Int(elements[Int(found[d])].image)] : .max
      let rank = min(truthRank, foundRank)
      var (truthEnd, foundEnd) = (t, d)
      while truthEnd < truths.count, ranks[annotations.instances[Int(truths[truthEnd])].image] == rank { truthEnd += 1 }
      while foundEnd < found.count, ranks[Int(elements[Int(found[foundEnd])].image)] == rank { foundEnd += 1 }
      let here = truths[t..<truthEnd].map { truth(annotations.instances[Int($0)]) }
      for (a, range) in DetectionRules.areas.enumerated() {
        counted[a] += here.count { !$0.isIgnored && $0.area >= range.low && $0.area <= range.high }
      }
      if foundEnd > d {
        tied += ties(found[d..<foundEnd])
        let best = found[d..<min(foundEnd, rules.limits.last.map { $0 == .max ? foundEnd : d + $0 } ?? foundEnd)]
        let image = Int(elements[Int(best[best.startIndex])].image)
        outcomes.removeAll(keepingCapacity: true)
        outcomes.append(contentsOf: repeatElement(ImageMatcher.Outcome(), count: best.count))
        outcomes.withUnsafeMutableBufferPointer {
          matcher.match(
            areas: best.map { elements[Int($0)].area }, truths: here, overlaps: overlaps(best, truths[t..<truthEnd], here, image),
            ignoresUnmatched: rules.kind == .lvis && annotations.images[image].notExhaustiveCategories.contains(column), outcomes: $0)
        }
        for (k, index) in best.enumerated() {
          entries.append(ClassTally.Entry(score: elements[Int(index)].score, rank: Int32(k), outcome: outcomes[k]))
        }
      }
      (t, d) = (truthEnd, foundEnd)
    }
    var tally = ClassTally(entries, counted: counted, limits: rules.limits)
    tally.tiedCount = tied
    return tally
  }

  private func truth(_ instance: Instance) -> ImageMatcher.Truth {
    switch rules.kind {
    case .coco:
      let isCrowd = instance.flags.contains(.crowd)
      return ImageMatcher.Truth(area: instance.area, isIgnored: isCrowd, isCrowd: isCrowd)
    case .lvis: return ImageMatcher.Truth(area: instance.area, isIgnored: instance.flags.contains(.ignored), isCrowd: false)
    }
  }

  /// How many of a sorted list share their score with a neighbour.
  private func ties(_ found: ArraySlice<Int32>) -> Int {
    func score(_ k: Int) -> Double { detections.elements[Int(found[k])].score }
    return found.indices.count { k in
      (k > found.startIndex && score(k - 1) == score(k)) || (k + 1 < found.endIndex && score(k + 1) == score(k))
    }
  }

  private func overlaps(
    _ found: ArraySlice<Int32>, _ truths: ArraySlice<Int32>, _ kinds: [ImageMatcher.Truth], _ image: Int
  ) -> [Double] {
    if truths.isEmpty { return [] }
    var overlaps: [Double] = []
    overlaps.reserveCapacity(found.count * truths.count)
    guard shape == .mask else {
      for d in found {
        let box = detections.elements[Int(d)].box
        for (k, g) in truths.enumerated() {
          overlaps.append(box.intersectionOverUnion(with: annotations.instances[Int(g)].box, isCrowd: kinds[k].isCrowd))
        }
      }
      return overlaps
    }
    let masks = truths.compactMap { annotations.mask(of: annotations.instances[Int($0)]) }
    let boxes = masks.map(\.box)
    for d in found {
      let mask = detections.mask(of: detections.elements[Int(d)], in: annotations.images[image])
      let box = mask.box
      for (k, truth) in masks.enumerated() {
        let mayTouch = box.intersectionOverUnion(with: boxes[k]) > 0
        overlaps.append(mayTouch ? mask.intersectionOverUnion(with: truth, isCrowd: kinds[k].isCrowd) : 0)
      }
    }
    return overlaps
  }
}
