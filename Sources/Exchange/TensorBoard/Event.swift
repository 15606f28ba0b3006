/// Something for TensorBoard: a step with named numbers, images and histograms.
///
/// Fields are those of `tensorflow.Event` and `tensorflow.Summary`.
package struct Event: Sendable {
  /// What a name stands for.
  package enum Value: Sendable {
    /// A number.
    case scalar(Double)
    /// An image in colour, as a PNG file.
    case image(png: [UInt8], width: Int, height: Int)
    /// Many numbers, counted.
    case histogram(Histogram)
  }

  /// Steps done.
  package var step: Int
  /// Seconds since 1970.
  package var wallTime: Double
  /// The values by tag; `/` in a tag makes groups.
  package var values: [(tag: String, value: Value)]

  /// Creates an event.
  package init(step: Int, wallTime: Double, values: [(tag: String, value: Value)]) {
    (self.step, self.wallTime, self.values) = (step, wallTime, values)
  }

  /// The message.
  package var message: ProtocolMessage {
    var summary = ProtocolMessage()
    for (tag, value) in values {
      var entry = ProtocolMessage()
      entry.add(1, tag)
      switch value {
      case .scalar(let number): entry.add(2, Float(number))
      case .image(let png, let width, let height):
        var image = ProtocolMessage()
        image.add(1, Int64(height))
        image.add(2, Int64(width))
        image.add(3, Int64(3))
        image.add(4, png)
        entry.add(4, image)
      case .histogram(let histogram): entry.add(5, histogram.message)
      }
      summary.add(1, entry)
    }
    var event = ProtocolMessage()
    event.add(1, wallTime)
    event.add(2, Int64(step))
    event.add(5, summary)
    return event
  }

  /// What every file begins with: the version of its format.
  static func version(wallTime: Double) -> ProtocolMessage {
    var event = ProtocolMessage()
    event.add(1, wallTime)
    event.add(3, "brain.Event:2")
    return event
  }

  /// The step of a message; 0 where it has none, nil where it is not a message.
  static func step(of content: some Sequence<UInt8>) -> Int? {
    var step = 0
    var fields = ProtocolFields(content)
    while let (field, content) = fields.next() {
      if field == 2, case .number(let value) = content { step = Int(Int64(bitPattern: value)) }
    }
    return fields.isDamaged ? nil : step
  }
}

/// Numbers counted in buckets of equal width.
package struct Histogram: Sendable, Equatable {
  /// The least number.
  package let minimum: Double
  /// The largest number.
  package let maximum: Double
  /// How many there are.
  package let count: Int
  /// Their sum.
  package let sum: Double
  /// The sum of their squares.
  package let sumOfSquares: Double
  /// The upper end of each bucket.
  package let limits: [Double]
  /// Numbers in each bucket.
  package let counts: [Double]

  /// Counts numbers; what is not finite is left out. Nil where nothing is left.
  package init?(_ values: [Float], buckets: Int = 60) {
    let known = values.lazy.filter(\.isFinite)
    guard let low = known.min().map(Double.init), let high = known.max().map(Double.init) else { return nil }
    (minimum, maximum) = (low, high)
    let bucketCount = high > low ? max(1, buckets) : 1
    let width = (high - low) / Double(bucketCount)
    var counts = Array(repeating: 0.0, count: bucketCount)
    var (count, sum, squares) = (0, 0.0, 0.0)
    for value in known {
      let number = Double(value)
      counts[width > 0 ? min(bucketCount - 1, Int((number - low) / width)) : 0] += 1
      count += 1
      sum += number
      squares += number * number
    }
    (self.count, self.sum, sumOfSquares, self.counts) = (count, sum, squares, counts)
    limits = (1...bucketCount).map { $0 == bucketCount ? high : low + Double($0) * width }
  }

  var message: ProtocolMessage {
    var message = ProtocolMessage()
    for (field, value) in [minimum, maximum, Double(count), sum, sumOfSquares].enumerated() { message.add(field + 1, value) }
    message.add(6, packed: limits)
    message.add(7, packed: counts)
    return message
  }
}
