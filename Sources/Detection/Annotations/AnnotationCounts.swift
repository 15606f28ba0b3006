import Tensors

/// How often classes occur, and how large they are.
package struct AnnotationCounts: Sendable {
  /// What was counted of a class.
  package struct ClassCount: Sendable {
    /// Boxes, crowds left out.
    package var boxes = 0
    /// Images with at least one of them.
    package var images = 0
    /// Crowds.
    package var crowds = 0
    /// Instances with a mask.
    package var masks = 0
    /// Boxes by COCO's areas: up to 32 x 32 pixels, up to 96 x 96, larger.
    package var bySize = [0, 0, 0]
    /// The area in the middle, in pixels; 0 without a box.
    package var medianArea = 0.0
  }

  /// By column.
  package private(set) var classes: [ClassCount]
  /// All images, and those without any instance.
  package let images: Int
  /// Images without any instance.
  package let emptyImages: Int
  /// The group of each class: what the file says, else by the share of all boxes, as groups of pixels are: from 10 % on, below 1.5 %,
  /// between.
  package let groups: [Category.Frequency]
  /// Whether the groups are the file's.
  package let groupsAreGiven: Bool

  /// Counts.
  package init(_ set: AnnotationSet) {
    var counts = [ClassCount](repeating: ClassCount(), count: set.categories.count)
    var areas = [[Double]](repeating: [], count: set.categories.count)
    // The image that was counted last for a class: instances of an image need not stand together.
    var seen = Set<Int>()
    var hasInstance = [Bool](repeating: false, count: set.images.count)
    for instance in set.instances {
      let k = instance.category
      hasInstance[instance.image] = true
      if instance.hasMask { counts[k].masks += 1 }
      if instance.flags.contains(.crowd) {
        counts[k].crowds += 1
        continue
      }
      counts[k].boxes += 1
      if seen.insert(instance.image * set.categories.count + k).inserted { counts[k].images += 1 }
      counts[k].bySize[instance.area <= 1024 ? 0 : instance.area <= 9216 ? 1 : 2] += 1
      areas[k].append(instance.area)
    }
    for k in counts.indices { counts[k].medianArea = areas[k].median ?? 0 }
    classes = counts
    images = set.images.count
    emptyImages = hasInstance.count { !$0 }
    groupsAreGiven = set.categories.hasFrequencies
    let total = Double(max(1, counts.reduce(0) { $0 + $1.boxes }))
    groups = counts.enumerated().map { k, count in
      set.categories[k].frequency
        ?? (Double(count.boxes) / total >= 0.1 ? .frequent : Double(count.boxes) / total < 0.015 ? .rare : .common)
    }
  }

  /// The columns of a group, the most frequent class first.
  package func columns(of group: Category.Frequency) -> [Int] {
    groups.indices.filter { groups[$0] == group }.sorted {
      classes[$0].boxes != classes[$1].boxes ? classes[$0].boxes > classes[$1].boxes : $0 < $1
    }
  }

  /// Boxes of the most frequent class for one of the rarest that occurs.
  package var headToTail: Double {
    let present = classes.map(\.boxes).filter { $0 > 0 }
    return Double(present.max() ?? 0) / Double(max(1, present.min() ?? 1))
  }
}
