import Tensors

/// A label file as it was read: upright numbers, and the colours that viewers show for them.
public struct LabelFile: Sendable {
  /// The numbers, upright.
  public let labels: LabelImage
  /// The colours of a palette file, by number; empty for grey files. Numbers past its end have no colour.
  public let palette: [RGBColour]
  /// How the file is stored.
  public let orientation: ImageOrientation

  /// What is known of a file that is not broken.
  enum Content {
    /// Numbers as stored, with the palette where there is one.
    case labels(LabelImage, palette: [RGBColour])
    /// Colours, with what is said where numbers are wanted.
    case colours(LongtailError)
    /// Numbers that cannot be used, and why.
    case unsuitable(LongtailError)
  }

  /// Reads a grey or palette PNG.
  /// - Throws: as `LabelImage.init(contentsOf:limits:)`.
  public init(contentsOf path: String, limits: ImageLimits = .standard) throws {
    try self.init(decoding: FileBytes.read(path, limit: limits.fileBytes), name: path, limits: limits)
  }

  /// Decodes the bytes of a label PNG.
  /// - Throws: as `LabelImage.init(decoding:name:limits:)`.
  public init(decoding bytes: [UInt8], name: String, limits: ImageLimits = .standard) throws {
    switch try LabelFile.content(bytes, name: name, limits: limits) {
    case .labels(let stored, let palette): self.init(stored, palette, ImageOrientation(of: bytes, format: .png))
    case .colours(let error), .unsuitable(let error): throw error
    }
  }

  private init(_ stored: LabelImage, _ palette: [RGBColour], _ orientation: ImageOrientation) {
    labels = stored.upright(orientation)
    self.palette = palette
    self.orientation = orientation
  }

  private static func content(_ bytes: [UInt8], name: String, limits: ImageLimits) throws -> Content {
    guard try ImageFormat(of: bytes, name: name) == .png else { throw LabelImage.lossy(name) }
    return try PNGDecoder.withDecoder(bytes, name: name, limits: limits) { try $0.labels() }
  }

  /// What a file holds, read without knowing whether that is numbers or colours.
  public enum Finding: Sendable {
    /// Numbers.
    case numbers(LabelFile)
    /// Colours, with their pixels; nil where there are more than classes can have.
    case colours([RGBColour: Int]?)
    /// A whole file that cannot be used as it is, and why.
    case unsuitable(LongtailError)
  }

  /// Reads a file as what it is.
  /// - Parameter most: how many colours are counted at most.
  /// - Throws: `.missingInput` where there is no file, `.badData` where it is broken, too large or lossy.
  public static func find(in path: String, colours most: Int, limits: ImageLimits = .standard) throws -> Finding {
    let bytes = try FileBytes.read(path, limit: limits.fileBytes)
    switch try content(bytes, name: path, limits: limits) {
    case .labels(let stored, let palette):
      return .numbers(LabelFile(stored, palette, ImageOrientation(of: bytes, format: .png)))
    case .unsuitable(let error): return .unsuitable(error)
    case .colours:
      let image: RGBImage
      do { image = try LabelImage.exactColours(bytes, name: path, limits: limits) } catch let error as InexactColours {
        return .unsuitable(error.explanation)
      }
      return .colours(image.colourCounts(atMost: most))
    }
  }
}

/// Colours of a label file that 8 bits a channel do not distinguish, or that a palette does not have.
struct InexactColours: Error {
  let explanation: LongtailError
}
