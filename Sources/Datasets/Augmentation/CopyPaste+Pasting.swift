import Images
import Tensors

extension CopyPaste {
  /// Pastes cut-outs into a view.
  /// - Parameters:
  ///   - view: image and labels; changed in place.
  ///   - draw: which draw of which sample.
  ///   - tables: the classes that may be pasted, their training samples and cut-outs.
  ///   - sample: a training sample as the pipeline prepares it, by its index.
  /// - Returns: the classes that were pasted.
  /// - Throws: what reading samples throws.
  @discardableResult
  package func paste(
    into view: inout LabelledImage, draw: SampleDraw, tables: ClassTables, sample: (Int) throws -> AnnotatedImage
  ) throws -> [Int] {
    var counts = view.labels.histogram()
    let chosen = chosen(rare: tables.rare, present: { counts[$0] > 0 }, random: draw.random(.paste))
    var pasted: [Int] = []
    for (part, classIndex) in chosen.enumerated() {
      let random = draw.random(.patch, part: part)
      guard let patch = try patch(ofClass: classIndex, tables, random: random, sample: sample) else { continue }
      if paste(patch, ofClass: classIndex, into: &view, counts: &counts, rare: tables.rare, random: random) { pasted.append(classIndex) }
    }
    return pasted
  }

  /// A cut-out of a class: one random region of a random sample. Of samples whose regions are all too small the next is taken.
  private func patch(
    ofClass classIndex: Int, _ tables: ClassTables, random: ViewRandom, sample: (Int) throws -> AnnotatedImage
  ) throws -> ClassPatch? {
    let samples = tables.partners.samplesByClass[classIndex]
    for number in 0..<CopyPaste.donors {
      let donor = samples[random.integer(16 + 2 * number, below: samples.count)]
      let patches = try tables.bank.patches(ofClass: classIndex, inSample: donor) {
        try sample(donor).labelled(for: "data.augmentation.copyPaste")
      }
      if !patches.isEmpty { return patches[random.integer(17 + 2 * number, below: patches.count)] }
    }
    return nil
  }

  /// Pastes one cut-out: scaled so that it fits, mirrored at random, at a random place where it hides no rare class altogether.
  /// - Returns: whether there was such a place.
  private func paste(
    _ patch: ClassPatch, ofClass classIndex: Int, into view: inout LabelledImage, counts: inout [Int], rare: [Int], random: ViewRandom
  ) -> Bool {
    let room = view.image.size
    let factor = random.uniform(0, in: scale)
    let least = min(factor, Double(room.width) / Double(patch.size.width), Double(room.height) / Double(patch.size.height))
    func side(_ length: Int, _ limit: Int) -> Int { max(1, min(limit, Int((Double(length) * least).rounded()))) }
    var patch = patch.resized(
      to: ImageSize(width: side(patch.size.width, room.width), height: side(patch.size.height, room.height)))
    // A thin region that kept its size may not fit.
    guard patch.size.width <= room.width, patch.size.height <= room.height else { return false }
    if random.chance(1, flip) { patch = patch.mirrored() }
    let stamp = PatchStamp(patch.mask, border: border)
    for attempt in 0..<CopyPaste.places {
      let x = random.integer(2 + 2 * attempt, below: room.width - patch.size.width + 1)
      let slack = room.height - patch.size.height
      var y = random.integer(3 + 2 * attempt, below: slack + 1)
      if place == .height {
        y = min(slack, max(0, Int((patch.middle.y * Double(room.height) - Double(patch.size.height) / 2).rounded())))
      }
      let covered = stamp.covered(view.labels, x: x, y: y)
      guard rare.allSatisfy({ $0 == classIndex || counts[$0] == 0 || counts[$0] > covered[$0] }) else { continue }
      stamp.press(patch.image, label: UInt8(truncatingIfNeeded: classIndex), into: &view, x: x, y: y)
      for label in 0..<256 { counts[label] -= covered[label] }
      counts[classIndex] += stamp.area
      return true
    }
    return false
  }
}

/// A cut-out's shape with the border around it.
struct PatchStamp {
  /// Pixels of the border.
  private let border: Int
  /// 2 at the cut-out's pixels, 1 at the border's, 0 elsewhere; larger than the mask by the border on each side.
  private let shape: LabelImage
  /// The number of the cut-out's pixels.
  let area: Int

  /// - Parameters:
  ///   - mask: 1 at the cut-out's pixels.
  ///   - border: pixels around it, in both directions and diagonally, that belong to the border.
  init(_ mask: LabelImage, border: Int) {
    self.border = border
    area = mask.labels.count { $0 == 1 }
    var shape = mask.window(
      x: -border, y: -border, size: ImageSize(width: mask.width + 2 * border, height: mask.height + 2 * border), fill: 0)
    if border > 0 {
      // Along the rows, then along the columns: the square around each pixel.
      let (width, height) = (shape.width, shape.height)
      var wide = shape
      for y in 0..<height {
        for x in 0..<width where shape[x, y] == 1 {
          for column in max(0, x - border)...min(width - 1, x + border) { wide[column, y] = 1 }
        }
      }
      var tall = wide
      for y in 0..<height {
        for x in 0..<width where wide[x, y] == 1 {
          for row in max(0, y - border)...min(height - 1, y + border) { tall[x, row] = 1 }
        }
      }
      for index in shape.labels.indices { shape.labels[index] = shape.labels[index] == 1 ? 2 : tall.labels[index] }
    } else {
      for index in shape.labels.indices { shape.labels[index] *= 2 }
    }
    self.shape = shape
  }

  /// How many pixels of each number a stamp at a place covers, its border included.
  func covered(_ labels: LabelImage, x: Int, y: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: 256)
    forEachPixel(of: labels.size, x: x, y: y) { place, _, _ in counts[Int(labels.labels[place])] += 1 }
    return counts
  }

  /// Copies the image's pixels and writes the labels.
  func press(_ image: RGBImage, label: UInt8, into view: inout LabelledImage, x: Int, y: Int) {
    let size = view.labels.size
    view.image.pixels.withUnsafeMutableBufferPointer { pixels in
      view.labels.labels.withUnsafeMutableBufferPointer { labels in
        image.pixels.withUnsafeBufferPointer { source in
          forEachPixel(of: size, x: x, y: y) { place, kind, inside in
            labels[place] = kind == 2 ? label : LabelImage.ignored
            guard kind == 2 else { return }
            for channel in 0..<3 { pixels[3 * place + channel] = source[3 * inside + channel] }
          }
        }
      }
    }
  }

  /// Calls `body` for each pixel that is covered, with its place in the view, what it is, and its place in the cut-out's image.
  @inline(__always)
  private func forEachPixel(of size: ImageSize, x: Int, y: Int, _ body: (Int, UInt8, Int) -> Void) {
    let inner = shape.width - 2 * border
    shape.labels.withUnsafeBufferPointer { shape in
      for row in 0..<self.shape.height where (0..<size.height).contains(y - border + row) {
        for column in 0..<self.shape.width where (0..<size.width).contains(x - border + column) {
          let kind = shape[row * self.shape.width + column]
          if kind == 0 { continue }
          body((y - border + row) * size.width + x - border + column, kind, (row - border) * inner + column - border)
        }
      }
    }
  }
}
