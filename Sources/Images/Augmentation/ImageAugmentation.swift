import Tensors

/// How an image becomes one view: steps in their order, each with random numbers of its own.
///
/// Every decision is a function of (seed, epoch, sample, view, step). A view of evaluation has only steps without chance.
package struct ImageAugmentation: Sendable, Equatable {
  /// One step.
  package enum Step: Sendable, Equatable {
    /// To a fixed size.
    case resize(ImageSize)
    /// The shorter side to this many pixels, the other in proportion, cut off to whole pixels as in torchvision.
    case resizeShortSide(Int)
    /// The middle.
    case centreCrop(ImageSize)
    /// A rectangle of random area and shape.
    case randomResizedCrop(RandomResizedCrop)
    /// A random crop after a border was added.
    case padAndCrop(PadAndCrop)
    /// Left and right change places, with a probability.
    case horizontalFlip(Double)
    /// Above and below change places, with a probability.
    case verticalFlip(Double)
    /// Colours change, with a probability.
    case colourJitter(ColourJitter, probability: Double)
    /// Colours vanish, with a probability.
    case grey(Double)
    /// The image is blurred with a deviation in pixels from this range, with a probability.
    case blur(ClosedRange<Double>, probability: Double)
    /// Turned about the middle by an angle uniform within this many degrees either way.
    case rotation(degrees: Double, interpolation: Interpolation)
    /// AutoAugment's policy for CIFAR-10.
    case autoAugment
    /// A black square.
    case cutout(Cutout)
  }

  /// The steps.
  package var steps: [Step]
  /// The run's seed.
  package var seed: UInt64

  /// - Parameters:
  ///   - steps: in their order.
  ///   - seed: the run's seed.
  package init(_ steps: [Step], seed: UInt64 = 0) {
    (self.steps, self.seed) = (steps, seed)
  }

  /// Checks all values.
  /// - Throws: `.usage` naming the step whose values make no sense.
  package func validate() throws {
    for (index, step) in steps.enumerated() {
      if let problem = step.problem { throw LongtailError(.usage, "augmentation: step \(index): \(problem)") }
    }
  }

  /// The size that every view has in the end, whatever the image's is; nil where it depends on the image.
  package var fixedOutputSize: ImageSize? {
    for step in steps.reversed() {
      switch step {
      case .resize(let size), .centreCrop(let size): return size
      case .randomResizedCrop(let crop): return crop.size
      case .padAndCrop(let crop): return crop.size
      case .resizeShortSide: return nil
      default: continue
      }
    }
    return nil
  }

  /// One view of an image.
  package func view(of image: RGBImage, epoch: Int, sample: Int, view: Int = 0) -> RGBImage {
    apply(steps[...], to: image, epoch: epoch, sample: sample, view: view)
  }

  /// One view of an image file: where the first step takes a part of it or shrinks it, JPEGs are decoded at a reduced scale if that leaves
  /// enough pixels.
  /// - Throws: `.badData` where the file is broken.
  package func view(of file: EncodedImage, range: SampleRange? = nil, epoch: Int, sample: Int, view: Int = 0) throws -> RGBImage {
    let first: RGBImage
    switch steps.first {
    case .randomResizedCrop(let crop):
      let box = crop.box(in: file.size, random: random(0, epoch, sample, view))
      first = try file.resized(box: box, to: crop.size, range: range)
    case .resize(let size): first = try file.resized(box: PixelBox(file.size), to: size, range: range)
    case .resizeShortSide(let side):
      first = try file.resized(box: PixelBox(file.size), to: file.size.withShortSide(side), range: range)
    default: return self.view(of: try file.decoded(range: range), epoch: epoch, sample: sample, view: view)
    }
    return apply(steps.dropFirst(), to: first, epoch: epoch, sample: sample, view: view)
  }

  private func random(_ step: Int, _ epoch: Int, _ sample: Int, _ view: Int) -> ViewRandom {
    ViewRandom(seed: seed, epoch: epoch, sample: sample, view: view, step: step + 1)
  }

  private func apply(_ steps: ArraySlice<Step>, to image: RGBImage, epoch: Int, sample: Int, view: Int) -> RGBImage {
    steps.indices.reduce(image) { $0.applying(steps[$1], random: random($1, epoch, sample, view)) }
  }
}

extension ImageSize {
  /// The size at which the shorter side has this many pixels; the longer one is cut off to whole pixels.
  package func withShortSide(_ side: Int) -> ImageSize {
    width <= height
      ? ImageSize(width: side, height: max(1, side * height / max(1, width)))
      : ImageSize(width: max(1, side * width / max(1, height)), height: side)
  }
}

extension RGBImage {
  /// The image after one step.
  package func applying(_ step: ImageAugmentation.Step, random: ViewRandom) -> RGBImage {
    switch step {
    case .resize(let target): return resized(width: target.width, height: target.height)
    case .resizeShortSide(let side):
      let target = size.withShortSide(side)
      return resized(width: target.width, height: target.height)
    case .centreCrop(let target):
      let box = PixelBox(centred: target, in: size)
      return window(x: Int(box.x), y: Int(box.y), size: target, fill: .black)
    case .randomResizedCrop(let crop):
      return resizedPart(crop.box(in: size, random: random), to: crop.size)
    case .padAndCrop(let crop):
      let corner = crop.corner(in: size, random: random)
      return window(x: corner.x, y: corner.y, size: crop.size, fill: crop.fill)
    case .horizontalFlip(let probability): return random.chance(0, probability) ? mirrored() : self
    case .verticalFlip(let probability): return random.chance(0, probability) ? upsideDown : self
    case .colourJitter(let jitter, let probability):
      return random.chance(15, probability) ? jitter.changes(random: random).reduce(self) { $0.applying($1) } : self
    case .grey(let probability): return random.chance(0, probability) ? inGrey : self
    case .blur(let deviations, let probability):
      return random.chance(0, probability) ? blurred(deviation: random.uniform(1, in: deviations)) : self
    case .rotation(let degrees, let interpolation):
      return rotated(degrees: random.uniform(0, in: -degrees...degrees), interpolation: interpolation)
    case .autoAugment: return AutoAugmentPolicy.operations(random: random).reduce(self) { $0.applying($1) }
    case .cutout(let cutout):
      let area = cutout.area(in: size, random: random)
      var result = self
      result.fill(x: area.x, y: area.y, with: .black)
      return result
    }
  }

  /// The image mirrored top to bottom.
  package var upsideDown: RGBImage {
    var result = self
    let line = 3 * width
    for row in 0..<height {
      result.pixels.replaceSubrange(row * line..<(row + 1) * line, with: pixels[(height - 1 - row) * line..<(height - row) * line])
    }
    return result
  }
}
