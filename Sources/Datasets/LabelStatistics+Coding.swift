extension LabelStatistics {
  private enum CodingKeys: String, CodingKey {
    case pixels, images, ignoredPixels, imageCount, unknown, unknownCount, badFiles, sizes, files, palettes, samples
  }

  /// Reads counts. Those of version 0.1 do not say what the files are.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let pixels = try values.decode([Int].self, forKey: .pixels)
    self.init(classCount: pixels.count)
    self.pixels = pixels
    images = try values.decode([Int].self, forKey: .images)
    ignoredPixels = try values.decode(Int.self, forKey: .ignoredPixels)
    imageCount = try values.decode(Int.self, forKey: .imageCount)
    unknown = try values.decodeIfPresent([UnknownLabel].self, forKey: .unknown) ?? []
    unknownCount = try values.decodeIfPresent(Int.self, forKey: .unknownCount) ?? 0
    badFiles = try values.decodeIfPresent([BadFile].self, forKey: .badFiles) ?? []
    sizes = try values.decodeIfPresent([SizedSource].self, forKey: .sizes) ?? []
    let (facts, palettes) = (
      try values.decodeIfPresent(ImageFacts.self, forKey: .files), try values.decodeIfPresent(LabelPalettes.self, forKey: .palettes)
    )
    samples = try values.decodeIfPresent(SampleClasses.self, forKey: .samples)
    if let facts, let palettes { (files, self.palettes) = (facts, palettes) } else { isEarly = true }
  }

  /// Writes counts.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(pixels, forKey: .pixels)
    try values.encode(images, forKey: .images)
    try values.encode(ignoredPixels, forKey: .ignoredPixels)
    try values.encode(imageCount, forKey: .imageCount)
    try values.encode(unknown, forKey: .unknown)
    try values.encode(unknownCount, forKey: .unknownCount)
    try values.encode(badFiles, forKey: .badFiles)
    try values.encode(sizes, forKey: .sizes)
    try values.encode(files, forKey: .files)
    try values.encode(palettes, forKey: .palettes)
    try values.encodeIfPresent(samples, forKey: .samples)
  }
}
