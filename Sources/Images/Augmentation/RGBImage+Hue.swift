import Foundation

extension RGBImage {
  /// Colours turned about the grey axis, by Pillow's conversion to hue, saturation, value of 8 bits and back, bit for bit.
  /// - Parameter turn: full turns, from -0.5 to 0.5; its 255 steps are cut off toward zero, as torchvision does.
  package func withHue(turnedBy turn: Double) -> RGBImage {
    let shift = UInt8(truncatingIfNeeded: Int(turn * 255))
    var result = self
    result.pixels.withUnsafeMutableBufferPointer { pixels in
      for index in stride(from: 0, to: pixels.count, by: 3) {
        let colour = HueColour(red: pixels[index], green: pixels[index + 1], blue: pixels[index + 2])
        let turned = HueColour(hue: colour.hue &+ shift, saturation: colour.saturation, value: colour.value)
        (pixels[index], pixels[index + 1], pixels[index + 2]) = turned.rgb
      }
    }
    return result
  }
}

/// A colour by hue, saturation and value, 8 bits each.
struct HueColour: Equatable {
  var hue: UInt8
  var saturation: UInt8
  var value: UInt8

  init(hue: UInt8, saturation: UInt8, value: UInt8) {
    (self.hue, self.saturation, self.value) = (hue, saturation, value)
  }

  /// Numbers of 32 and 64 bits change places as in Pillow, since each cutting off depends on them.
  init(red: UInt8, green: UInt8, blue: UInt8) {
    let (most, least) = (max(red, green, blue), min(red, green, blue))
    value = most
    if most == least {
      (hue, saturation) = (0, 0)
      return
    }
    let spread = Float(most - least)
    let share = spread / Float(most)
    let (r, g, b) = (Float(most - red) / spread, Float(most - green) / spread, Float(most - blue) / spread)
    let sector: Float =
      red == most ? b - g : green == most ? Float(2.0 + Double(r) - Double(b)) : Float(4.0 + Double(g) - Double(r))
    let angle = Float(fmod(Double(sector) / 6.0 + 1.0, 1.0))
    hue = UInt8(clamping: Int(Double(angle) * 255.0))
    saturation = UInt8(clamping: Int(Double(share) * 255.0))
  }

  /// Red, green, blue.
  var rgb: (UInt8, UInt8, UInt8) {
    if saturation == 0 { return (value, value, value) }
    let place = Double(hue) * 6.0 / 255.0
    let sector = Int(place.rounded(.down))
    let rest = Double(Float(place - Double(sector)))
    let share = Double(Float(Double(saturation) / 255.0))
    func level(_ factor: Double) -> UInt8 { UInt8(clamping: Int((Double(value) * factor).rounded(.toNearestOrAwayFromZero))) }
    let p = level(1.0 - share)
    let q = level(1.0 - share * rest)
    let t = level(1.0 - share * (1.0 - rest))
    switch sector % 6 {
    case 0: return (value, t, p)
    case 1: return (q, value, p)
    case 2: return (p, value, t)
    case 3: return (p, q, value)
    case 4: return (t, p, value)
    default: return (value, p, q)
    }
  }
}
