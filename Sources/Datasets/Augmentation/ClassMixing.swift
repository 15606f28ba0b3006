import Images
import Tensors

/// Two views mixed: CutMix (Yun et al., ICCV 2019, arXiv:1905.04899) or mixup (Zhang et al., ICLR 2018, arXiv:1710.09412), with partners
/// that are drawn by their classes.
///
/// A partner is drawn class-first, so that what is mixed in shows rare classes (as in Park et al., "The majority can help the minority",
/// CVPR 2022, arXiv:2112.00412); see ``ClassDraw``. Its view is made as every view is, with numbers of its own. CutMix replaces a rectangle
/// and its labels; by class, the rectangle lies around a pixel of the class. Mixup averages the pixels, and each pixel gets the partner's
/// label as a second one, with the partner's share. A view is mixed in one way or not at all.
package struct ClassMixing: Sendable, Equatable {
  /// How often, how much, and with whom.
  package struct Rule: Sendable, Equatable {
    /// The chance that a view is mixed in this way.
    package var probability = 0.5
    /// Both shapes of the beta distribution that the share of the view is drawn from; 1 is uniform.
    package var shape = 1.0
    /// Whether partners are drawn by class; else all samples are alike.
    package var isByClass = true
    /// The temperature of the chances of classes; without one the sampler's chances count, and where it draws no class first all are alike.
    package var temperature: Double?

    /// All defaults.
    package init() {}
  }

  /// CutMix, where it is used.
  package var cutMix: Rule?
  /// Mixup, where it is used.
  package var mixup: Rule?

  /// None.
  package init() {}

  /// What chance decided for a view.
  package struct Choice: Sendable, Equatable {
    /// How it is mixed.
    package var kind: Mixing.Kind
    /// The share that the view keeps.
    package var share: Double
    /// The other sample.
    package var partner: Int
    /// The class that it was drawn for.
    package var classIndex: Int?
  }

  /// The decisions for a view; nil where it is not mixed.
  package func choice(draw: SampleDraw, tables: ClassTables) -> Choice? {
    let random = draw.random(.mixing)
    let number = random.uniform(0)
    let cut = cutMix?.probability ?? 0
    let kind: Mixing.Kind
    let rule: Rule
    let classDraw: ClassDraw
    if let cutMix, number < cut {
      (kind, rule, classDraw) = (.cutMix, cutMix, tables.cutMix)
    } else if let mixup, number < cut + mixup.probability {
      (kind, rule, classDraw) = (.mixup, mixup, tables.mixup)
    } else {
      return nil
    }
    // Numbers of the beta distribution come last: nobody knows beforehand how many it takes.
    let share = random.beta(64, shape: rule.shape)
    if rule.isByClass {
      return classDraw.pair(uniform: random.uniform(1), integer: { random.integer(2, below: $0) })
        .map { Choice(kind: kind, share: share, partner: $0.sample, classIndex: $0.classIndex) }
    }
    let count = classDraw.classes.count
    return count > 0 ? Choice(kind: kind, share: share, partner: random.integer(2, below: count), classIndex: nil) : nil
  }

  /// How often the partner of a mixed view is expected to show each class: a share of the views that are mixed.
  /// - Parameters:
  ///   - rule: how partners are drawn.
  ///   - draw: the chances of the classes.
  package static func expectedShares(_ rule: Rule, _ draw: ClassDraw) -> [Double] {
    let count = draw.classes.count
    let chances = rule.isByClass ? draw.sampleChances : [Double](repeating: 1 / Double(max(1, count)), count: count)
    var shares = [Double](repeating: 0, count: draw.classes.classCount)
    for (sample, chance) in chances.enumerated() { for entry in draw.classes[sample] { shares[entry.classIndex] += chance } }
    return shares
  }

  /// Mixes a view with its partner's, which is brought to the view's size by cutting off or filling up.
  /// - Parameters:
  ///   - view: changed in place.
  ///   - fill: the colour of what is filled up.
  /// - Returns: second labels, where there are any.
  package func mix(
    _ view: inout LabelledImage, with partner: LabelledImage, _ choice: Choice, draw: SampleDraw, fill: RGBColour
  ) -> AugmentedView.SecondLabels? {
    let size = view.image.size
    let other = Sample(
      image: partner.image.window(x: 0, y: 0, size: size, fill: fill), labels: partner.labels.window(x: 0, y: 0, size: size))
    if choice.kind == .mixup {
      view.image = view.image.interpolated(to: other.image, 1 - choice.share)
      return AugmentedView.SecondLabels(labels: other.labels, share: Float(1 - choice.share))
    }
    let random = draw.random(.mixing, part: 1)
    var centre = (x: random.integer(0, below: size.width), y: random.integer(1, below: size.height))
    if let classIndex = choice.classIndex, let label = UInt8(exactly: classIndex) {
      let count = other.labels.count(of: label, resizedTo: size, columns: 0..<size.width, rows: 0..<size.height)
      if count > 0, let place = other.labels.place(of: label, number: random.integer(2, below: count)) { centre = place }
    }
    let area = Mixing.area(share: choice.share, centreX: centre.x, centreY: centre.y, in: size)
    let (columns, rows) = (area.columns(in: size), area.rows(in: size))
    if columns.isEmpty || rows.isEmpty { return nil }
    view.image.paste(other.image.cropped(x: columns, y: rows), x: columns.lowerBound, y: rows.lowerBound)
    view.labels.paste(other.labels.cropped(x: columns, y: rows), x: columns.lowerBound, y: rows.lowerBound)
    return nil
  }
}
