import Images

/// Something that a page about an evaluation shows beside scores and confusions: calibration, precision over recall.
public struct Figure: Sendable, Equatable, Codable {
  /// A curve.
  public struct Curve: Sendable, Equatable, Codable {
    /// Its name in the legend.
    public var name: String
    /// The points, from left to right.
    public var points: [Point]

    /// Creates a curve.
    public init(name: String, points: [Point]) { (self.name, self.points) = (name, points) }
  }

  /// A point of a curve.
  public struct Point: Sendable, Equatable, Codable {
    /// Across.
    public var x: Double
    /// Up.
    public var y: Double

    /// Creates a point.
    public init(_ x: Double, _ y: Double) { (self.x, self.y) = (x, y) }
  }

  /// The heading.
  public var title: String
  /// What a reader has to know, in a sentence or two.
  public var text: String
  /// What goes to the right.
  public var across: String
  /// What goes up.
  public var up: String
  /// The curves.
  public var curves: [Curve]

  /// Describes a figure.
  public init(title: String, text: String, across: String, up: String, curves: [Curve]) {
    (self.title, self.text, self.across, self.up, self.curves) = (title, text, across, up, curves)
  }
}

/// An image with its annotation and with what a network says of it, side by side.
public struct ImageFigure: Sendable {
  /// How an annotation or a prediction is shown.
  public enum Layer: Sendable {
    /// A class for each pixel, in the classes' colours.
    case labels(LabelImage)
    /// A drawn image, such as the input with boxes on it.
    case drawing(RGBImage)
    /// Words.
    case text(String)
  }

  /// The image's name in the data set.
  public var name: String
  /// The image.
  public var input: RGBImage
  /// What the data set says.
  public var truth: Layer
  /// What the network says.
  public var prediction: Layer

  /// Creates an image figure.
  public init(name: String, input: RGBImage, truth: Layer, prediction: Layer) {
    (self.name, self.input, self.truth, self.prediction) = (name, input, truth, prediction)
  }
}
