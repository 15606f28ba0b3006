import Images
import Tensors

/// What people may ask of predictions of their own images.
public struct PredictionOptions: Sendable {
  /// Whether the probabilities of all classes are written too.
  public var probabilities = false
  /// How strongly colours cover an image, from 0 to 1, for a task that draws over it.
  public var opacity = 0.5
  /// Boxes from this score on are drawn, for a task that finds some.
  public var threshold = 0.5
  /// How many of the likeliest classes are named, for a task that names some.
  public var top = 5
  /// What files say of the program that wrote them: a PNG's software, a key of other files.
  public var mark = "longtail"
  /// The program's version.
  public var version = ""

  /// The usual ones.
  public init() {}
}

/// Names of the files that predictions of a task become.
public struct PredictionNames: Sendable, Equatable {
  /// What each image's own results have behind its name, such as `-overlay.png`.
  public var suffixes: [String]
  /// Files for all images together.
  public var shared: [String]

  /// Creates the names of prediction files.
  public init(suffixes: [String] = [], shared: [String] = []) { (self.suffixes, self.shared) = (suffixes, shared) }
}

/// Predicts new images, and writes what the network says of them.
public protocol PredictionWriter: AnyObject {
  /// Predicts an image and writes its own results, if it has any.
  /// - Parameters:
  ///   - image: upright.
  ///   - name: its name in the output folder: a path without ending.
  ///   - results: its own files, one for each suffix of the task; their folder is there.
  /// - Throws: `LongtailError` for a size that the network cannot take, and files that cannot be written.
  /// - Returns: what is to be said of it in a line; empty for nothing but its files.
  func write(_ image: RGBImage, named name: String, to results: [String]) throws -> String
  /// Writes the files for all images together.
  /// - Parameter folder: where they go; it is there.
  /// - Throws: `LongtailError` for files that cannot be written.
  /// - Returns: the paths of those that were written.
  func finish(in folder: String) throws -> [String]
}
