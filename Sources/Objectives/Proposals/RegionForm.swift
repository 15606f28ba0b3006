/// What a class layer over regions looks like: how many columns it has for C classes, and what they mean.
///
/// The loss decides: the layer of a detector follows its objective.
package enum RegionForm: String, Sendable, CaseIterable {
  /// C sigmoids; a region of background is one where none of them is on.
  case sigmoid
  /// C sigmoids and one for background, in the last column.
  case sigmoidWithBackground
  /// A softmax over background, in column 0 as torchvision has it, and the C classes.
  case softmax
  /// A softmax over the C classes, and one over two more columns: object and background.
  case softmaxWithObjectness

  /// Columns for this many classes.
  package func columns(classes: Int) -> Int {
    switch self {
    case .sigmoid: classes
    case .sigmoidWithBackground, .softmax: classes + 1
    case .softmaxWithObjectness: classes + 2
    }
  }

  /// The column of background; nil where it has none that stands among the classes.
  package func background(classes: Int) -> Int? {
    switch self {
    case .sigmoidWithBackground: classes
    case .softmax: 0
    case .sigmoid, .softmaxWithObjectness: nil
    }
  }

  /// The column of a class.
  package func column(of label: Int32) -> Int32 { self == .softmax ? label + 1 : label }

  /// The probability that a class begins with, where columns are told apart by sigmoids; nil begins as a softmax does.
  package var prior: Double? { self == .sigmoid || self == .sigmoidWithBackground ? 0.001 : nil }
}
