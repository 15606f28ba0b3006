import Foundation
import Testing

@testable import Images

/// What `Oracle/make_warp_values.py` wrote.
private struct WarpValues: Decodable {
  struct Mesh: Decodable {
    var width: Int
    var height: Int
    var columns: [Int]
    var rows: [Int]
    var corners: [Double]
    var bilinear: Data
    var nearest: Data
    var labels: Data
  }

  struct Plane: Decodable {
    var numbers: [Double]
    var labels: Data
  }

  struct Gamma: Decodable {
    var power: Double
    var pixels: Data
  }

  struct Noise: Decodable {
    var deviation: Double
    var epoch: Int
    var sample: Int
    var step: Int
    var pixels: Data
  }

  struct Region: Decodable {
    var x: [Int]
    var y: [Int]
    var area: Int
    var mask: Data
  }

  struct Regions: Decodable {
    var width: Int
    var height: Int
    var labels: Data
    var regions: [Region]
  }

  var meshes: [Mesh]
  var planes: [Plane]
  var gammas: [Gamma]
  var noises: [Noise]
  var regions: [Regions]

  static func read() throws -> WarpValues {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Oracle/warps.json")
    return try JSONDecoder().decode(WarpValues.self, from: Data(contentsOf: url))
  }
}

/// The labels of the oracle.
private func classes(_ width: Int, _ height: Int) -> LabelImage {
  var map = LabelImage(width: width, height: height)
  for y in 0..<height { for x in 0..<width { map[x, y] = (x * y) % 11 == 7 ? 255 : UInt8((x / 3 + y / 2 * 5) % 7) } }
  return map
}

@Suite struct WarpOracleTests {
  private let fill = RGBColour(124, 116, 104)

  @Test func meshesArePillowsPixelForPixel() throws {
    let meshes = try WarpValues.read().meshes
    #expect(meshes.count == 8)
    for entry in meshes {
      var mesh = WarpMesh(cells: entry.columns.count - 1, size: ImageSize(width: entry.width, height: entry.height))
      #expect(mesh.columns == entry.columns && mesh.rows == entry.rows)
      mesh.corners = stride(from: 0, to: entry.corners.count, by: 2).map { SIMD2(entry.corners[$0], entry.corners[$0 + 1]) }
      let image = gentle(entry.width, entry.height)
      #expect(Data(image.warped(by: mesh, interpolation: .bilinear, fill: fill).pixels) == entry.bilinear)
      #expect(Data(image.warped(by: mesh, interpolation: .nearest, fill: fill).pixels) == entry.nearest)
      #expect(Data(classes(entry.width, entry.height).warped(by: mesh).labels) == entry.labels)
    }
  }

  @Test func labelsFollowPlanesAsPillowMovesThem() throws {
    for entry in try WarpValues.read().planes {
      let n = entry.numbers
      let map = PlaneMap(
        column: [n[0], n[1], n[2]], row: [n[3], n[4], n[5]], vanishing: n.count > 6 ? [n[6], n[7]] : .zero)
      #expect(Data(classes(31, 22).warped(by: map).labels) == entry.labels, "\(n)")
    }
  }

  @Test func gammaIsTorchvisionsForPillowsPictures() throws {
    for entry in try WarpValues.read().gammas {
      #expect(Data(pattern(19, 14).withGamma(entry.power).pixels) == entry.pixels, "\(entry.power)")
    }
  }

  @Test func noiseIsNumpysForTheSameWords() throws {
    for entry in try WarpValues.read().noises {
      let random = ViewRandom(seed: 7, epoch: entry.epoch, sample: entry.sample, step: entry.step)
      #expect(Data(pattern(21, 13).withNoise(deviation: entry.deviation, random: random).pixels) == entry.pixels, "\(entry.deviation)")
    }
  }

  @Test func regionsAreThoseOfScipysLabels() throws {
    let maps = try WarpValues.read().regions
    #expect(maps.count == 5 && maps.contains { $0.regions.count > 5 })
    for entry in maps {
      let map = try #require(LabelImage(width: entry.width, height: entry.height, labels: Array(entry.labels)))
      let found = map.regions(of: 3)
      let expected = entry.regions.map {
        LabelRegion(
          x: $0.x[0]..<$0.x[1], y: $0.y[0]..<$0.y[1], area: $0.area,
          mask: LabelImage(width: $0.x[1] - $0.x[0], height: $0.y[1] - $0.y[0], labels: Array($0.mask)) ?? LabelImage(width: 0, height: 0))
      }
      #expect(found == expected, "\(entry.width) x \(entry.height)")
      #expect(map.regions(of: 3, smallest: 4) == expected.filter { $0.area >= 4 })
      #expect(map.regions(of: 9).isEmpty)
    }
  }
}
