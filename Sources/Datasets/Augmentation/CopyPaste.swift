import Images
import Tensors

/// Cut-outs of rare classes, pasted into views that lack the class.
///
/// A view gets cut-outs with chance p. Of the n rare classes that it does not show, min(k, n) are chosen, all alike, and of each one
/// cut-out of one training sample that shows it. So where views show all that their images do, class c is pasted into image i, which lacks
/// it, with
///
///     P(c into i) = p min(k, n_i) / n_i
///
/// Sources: Ghiasi et al., "Simple copy-paste is a strong data augmentation method for instance segmentation", CVPR 2021, arXiv:2012.07177;
/// for the classes that an image lacks: Han et al., "AUCSeg", NeurIPS 2024.
/// Cut-outs come from the training split alone, as the pipeline prepares it, before any chance. Costs a pass over the labels of each sample
/// that gives one, once, and of each view.
package struct CopyPaste: Sendable, Equatable {
  /// Names of the classes that are pasted; nil for those whose share of the labelled pixels is below `rareShare`.
  package var classNames: [String]?
  /// The share of the labelled training pixels below which a class is rare.
  package var rareShare = 0.015
  /// The chance that a view gets cut-outs, p.
  package var probability = 0.5
  /// The most classes that a view gets, k.
  package var count = 1
  /// Regions of fewer pixels are no cut-outs.
  package var smallest = 64
  /// The factor of a cut-out's size is uniform within this range.
  package var scale = 0.5...1.5
  /// The chance that a cut-out is mirrored.
  package var flip = 0.5
  /// Pixels around a cut-out whose labels become ignored.
  package var border = 0
  /// Where cut-outs go.
  package var place = Place.anywhere

  /// Where cut-outs go.
  package enum Place: String, Sendable, CaseIterable {
    /// Anywhere in the view.
    case anywhere
    /// At the height that they had in their own image, at any column.
    case height
  }

  /// Training samples that are asked for a cut-out until one has any that is large enough.
  static let donors = 8
  /// Places that are tried until one hides no rare class altogether.
  static let places = 4

  /// All defaults.
  package init() {}

  /// The classes that are pasted, in order: named or rare, and shown by a training sample.
  /// - Parameters:
  ///   - classes: of each training sample.
  ///   - names: of the classes, in order.
  /// - Throws: `.usage` for a name that there is not, with the nearest.
  package func rareClasses(_ classes: SampleClasses, names: [String]) throws -> [Int] {
    let totals = classes.totals
    let all = Double(max(1, totals.reduce(0, +)))
    let chosen = try classNames.map { chosen in
      try chosen.map { name in
        guard let index = names.firstIndex(of: name) else {
          throw LongtailError.unknownName("class", name, known: names, at: "data.augmentation.copyPaste.classes")
        }
        return index
      }
    }
    return totals.indices.filter { totals[$0] > 0 && (chosen?.contains($0) ?? (Double(totals[$0]) / all < rareShare)) }
  }

  /// The classes that a view gets.
  /// - Parameters:
  ///   - rare: the classes that may be pasted.
  ///   - present: whether the view shows a class.
  func chosen(rare: [Int], present: (Int) -> Bool, random: ViewRandom) -> [Int] {
    let lacking = rare.filter { !present($0) }
    guard !lacking.isEmpty, random.chance(0, probability) else { return [] }
    return random.permutation(1, count: lacking.count).prefix(count).map { lacking[$0] }
  }

  /// How often views are expected to show each class, in shares of the samples drawn, without and with what is pasted.
  ///
  /// Exact where views show whole images and every rare class has cut-outs that are large enough; in crops, which lose classes, more is
  /// pasted.
  /// - Parameters:
  ///   - rare: the classes that are pasted.
  ///   - classes: of each training sample.
  ///   - copies: how often each sample is drawn; once when not given.
  package func expectedShares(
    rare: [Int], classes: SampleClasses, copies: [Double]? = nil
  ) -> (without: [Double], with: [Double]) {
    let copies = copies ?? [Double](repeating: 1, count: classes.count)
    let drawn = copies.reduce(0, +)
    var shown = [Double](repeating: 0, count: classes.classCount)
    var pasted = shown
    for (sample, number) in copies.enumerated() where number > 0 {
      let present = Set(classes[sample].map(\.classIndex))
      for index in present { shown[index] += number / drawn }
      let lacking = rare.filter { !present.contains($0) }
      let chance = probability * Double(min(count, lacking.count)) / Double(max(1, lacking.count))
      for index in lacking { pasted[index] += chance * number / drawn }
    }
    return (shown, zip(shown, pasted).map { $0 + $1 })
  }
}
