extension ImageAugmentation.Step {
  /// Why the step cannot be done; nil where it can.
  var problem: String? {
    switch self {
    case .resize(let size): return Self.problem("resize", size)
    case .resizeShortSide(let side): return (1...65536).contains(side) ? nil : "resizeShortSide to \(side) is not possible"
    case .centreCrop(let size): return Self.problem("centreCrop", size)
    case .randomResizedCrop(let crop):
      if crop.area.lowerBound <= 0 || crop.area.upperBound > 1 {
        return "randomResizedCrop: shares of the area \(crop.area) must lie above 0 and at most at 1"
      }
      if crop.ratio.lowerBound <= 0 || !crop.ratio.upperBound.isFinite {
        return "randomResizedCrop: ratios \(crop.ratio) must lie above 0"
      }
      return Self.problem("randomResizedCrop", crop.size)
    case .padAndCrop(let crop):
      return (0...4096).contains(crop.padding)
        ? Self.problem("padAndCrop", crop.size) : "padAndCrop: padding \(crop.padding) is not within 0...4096"
    case .horizontalFlip(let probability): return Self.problem("horizontalFlip", probability)
    case .verticalFlip(let probability): return Self.problem("verticalFlip", probability)
    case .colourJitter(let jitter, let probability):
      for (key, value) in [("brightness", jitter.brightness), ("contrast", jitter.contrast), ("saturation", jitter.saturation)]
      where !(0...10).contains(value) {
        return "colourJitter: \(key) is \(value), not within 0...10"
      }
      if !(0...0.5).contains(jitter.hue) { return "colourJitter: hue is \(jitter.hue), not within 0...0.5" }
      return Self.problem("colourJitter", probability)
    case .grey(let probability): return Self.problem("grey", probability)
    case .blur(let deviations, let probability):
      if deviations.lowerBound < 0 || deviations.upperBound > 100 { return "blur: deviations \(deviations) are not within 0...100" }
      return Self.problem("blur", probability)
    case .rotation(let degrees, _): return (0...180).contains(degrees) ? nil : "rotation by \(degrees) degrees is not within 0...180"
    case .autoAugment: return nil
    case .cutout(let cutout): return (1...65536).contains(cutout.length) ? nil : "cutout of \(cutout.length) pixels is not possible"
    }
  }

  private static func problem(_ name: String, _ size: ImageSize) -> String? {
    (1...65536).contains(size.width) && (1...65536).contains(size.height) ? nil : "\(name) to \(size) is not possible"
  }

  private static func problem(_ name: String, _ probability: Double) -> String? {
    (0...1).contains(probability) ? nil : "\(name): the probability is \(probability), not within 0...1"
  }
}
