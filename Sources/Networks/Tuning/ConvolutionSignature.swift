import Kernels
import Threading

/// One pass of one convolution on one kind of machine: all that the choice of its algorithm depends on.
///
/// Its text, such as `n8 i32 o64 128x128 k[3, 3] s[1, 1] p[1, 1] d[1, 1] g1 threads2 avx2 3.1.0 forward`, is what files and
/// checkpoints keep.
public struct ConvolutionSignature: Hashable, Sendable {
  /// Images of the batch.
  package var images: Int
  /// Whether it is a transposed convolution.
  package var isTransposed = false
  /// Logical channels of the source.
  package var inputChannels: Int
  /// Logical channels of the destination.
  package var outputChannels: Int
  /// Rows of the source.
  package var height: Int
  /// Columns of the source.
  package var width: Int
  /// Kernel, strides, padding, dilation and groups.
  package var geometry: ConvolutionGeometry
  /// Compute threads.
  package var threads: Int
  /// The instruction set of the library's kernels, as `OneDNN.instructionSet` names it.
  package var instructionSet: String
  /// The library's version.
  package var library: String
  /// Channels that lie together in the destination.
  package var channelBlock = 8
  /// The part of the step.
  package var pass: PlanReport.Pass

  /// Describes one pass; threads, instruction set and library are by default those of this process.
  package init(
    images: Int, isTransposed: Bool = false, inputChannels: Int, outputChannels: Int, height: Int, width: Int,
    geometry: ConvolutionGeometry, threads: Int = ComputePool.threadCount, instructionSet: String = OneDNN.instructionSet,
    library: String = OneDNN.version, channelBlock: Int = 8, pass: PlanReport.Pass = .forward
  ) {
    self.images = images
    self.isTransposed = isTransposed
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.height = height
    self.width = width
    self.geometry = geometry
    self.threads = threads
    self.instructionSet = instructionSet
    self.library = library
    self.channelBlock = channelBlock
    self.pass = pass
  }

  /// Rows and columns of the destination.
  package var outputExtents: (height: Int, width: Int) {
    func extent(_ input: Int, _ d: Int) -> Int {
      guard isTransposed else { return geometry.outputExtent(input, dimension: d) }
      return (input - 1) * geometry.strides[d] - 2 * geometry.padding[d] + geometry.dilation[d] * (geometry.kernel[d] - 1) + 1
    }
    return (extent(height, 0), extent(width, 1))
  }

  /// Whether both are the same but for the number of images.
  func isSame(exceptImages other: ConvolutionSignature) -> Bool {
    var other = other
    other.images = images
    return self == other
  }
}

extension ConvolutionSignature: LosslessStringConvertible {
  /// The text that files keep. Blocks of 8 are not named, which choices recorded before blocks were told apart rely on.
  public var description: String {
    let g = geometry
    return "n\(images) \(isTransposed ? "transposed " : "")i\(inputChannels) o\(outputChannels) \(height)x\(width) k\(g.kernel) "
      + "s\(g.strides) p\(g.padding) d\(g.dilation) g\(g.groups) threads\(threads) \(instructionSet) \(library)"
      + "\(channelBlock == 8 ? "" : " b\(channelBlock)") \(pass.rawValue)"
  }

  /// Reads a text; nil where it is no signature.
  public init?(_ description: String) {
    var words = description.replacing(", ", with: ",").split(separator: " ", omittingEmptySubsequences: false).makeIterator()
    func number(_ prefix: String, _ word: Substring?) -> Int? {
      guard let word, word.hasPrefix(prefix) else { return nil }
      return Int(word.dropFirst(prefix.count))
    }
    func pair(_ prefix: String) -> [Int]? {
      guard let word = words.next(), word.hasPrefix(prefix + "["), word.hasSuffix("]") else { return nil }
      let numbers = word.dropFirst(prefix.count + 1).dropLast().split(separator: ",").compactMap { Int($0) }
      return numbers.count == 2 ? numbers : nil
    }
    guard let images = number("n", words.next()), var word = words.next() else { return nil }
    let isTransposed = word == "transposed"
    if isTransposed {
      guard let next = words.next() else { return nil }
      word = next
    }
    guard let inputs = number("i", word), let outputs = number("o", words.next()), let extents = words.next()?.split(separator: "x"),
      extents.count == 2, let height = Int(extents[0]), let width = Int(extents[1]), let kernel = pair("k"), let strides = pair("s"),
      let padding = pair("p"), let dilation = pair("d"), let groups = number("g", words.next()),
      let threads = number("threads", words.next()), let instructionSet = words.next(), let library = words.next(), var last = words.next()
    else { return nil }
    var block = 8
    if let named = number("b", last) {
      guard let next = words.next() else { return nil }
      (block, last) = (named, next)
    }
    guard let pass = PlanReport.Pass(rawValue: String(last)), words.next() == nil else { return nil }
    var geometry = ConvolutionGeometry(kernel: 1, groups: groups)
    (geometry.kernel, geometry.strides, geometry.padding, geometry.dilation) = (kernel, strides, padding, dilation)
    self.init(
      images: images, isTransposed: isTransposed, inputChannels: inputs, outputChannels: outputs, height: height, width: width,
      geometry: geometry, threads: threads, instructionSet: String(instructionSet), library: String(library), channelBlock: block,
      pass: pass)
  }
}

extension ConvolutionSignature: Codable, CodingKeyRepresentable {
  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// Tables by signature are written as objects.
  public var codingKey: any CodingKey { Key(stringValue: description) }

  /// Reads a key of a table.
  public init?(codingKey: some CodingKey) { self.init(codingKey.stringValue) }

  /// Reads the text.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let read = ConvolutionSignature(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" names no convolution")
    }
    self = read
  }

  /// Writes the text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
