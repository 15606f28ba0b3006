import Images
import Tensors

/// One view of a sample, as the network will see it, before colour jitter and normalization.
///
/// The order is fixed: resize; turns, slants, perspective, grid and the policy's moves in one warp; scale, crop (until it shows the class),
/// flip; cut-outs; CutMix or mixup; gamma, hue, the policy's colours, blur, noise. Colour jitter and normalization follow.
package struct AugmentedView: Sendable {
  /// The image.
  package var image: RGBImage
  /// Its annotation, under the same geometry.
  package var annotation: any Annotation
  /// Second labels, as mixup gives them.
  package var second: SecondLabels?
  /// Size, place, flip and jitter.
  package var decisions: AugmentationDecisions
  /// The class that the crop was drawn for.
  package var cropClass: Int?
  /// The classes that were pasted.
  package var pasted: [Int] = []
  /// How it was mixed.
  package var mixed: ClassMixing.Choice?

  /// A second label for each pixel, and the share of the pixel that it holds for.
  package struct SecondLabels: Sendable, Equatable {
    /// The labels; 255 is ignored.
    package var labels: LabelImage
    /// From 0 to 1, the same for all pixels.
    package var share: Float
  }
}

extension AugmentationPipeline {
  /// The mean colour of the normalization, to the nearest of 8 bits: what comes from outside an image.
  var meanColour: RGBColour {
    let values = mean.map { UInt8(min(255, max(0, ($0 * 255).rounded()))) }
    return RGBColour(values[0], values[1], values[2])
  }

  /// One view of a sample. A function of the draw and of the samples, whoever asks.
  /// - Parameters:
  ///   - sample: as `prepared` gave it.
  ///   - draw: which draw of which sample.
  ///   - other: gives any training sample as `prepared` gave it, by its index.
  /// - Throws: what `other` throws; `.usage` where the annotation does not follow what is asked for; `.internalError` before `knowing`.
  package func view(
    of sample: AnnotatedImage, draw: SampleDraw, other: (Int) throws -> AnnotatedImage
  ) throws -> AugmentedView {
    let operations = policy?.operations(random: draw.random(.policy)) ?? []
    var cropClass: Int?
    if let classCrop, draw.random(.cropClass).chance(0, classCrop.probability) {
      cropClass = try known().crop.classIndex(ofSample: draw.index, uniform: draw.random(.cropClass).uniform(1))
    }
    var view = try placed(sample, draw: draw, cropClass: cropClass, operations: operations)
    if needsPixels {
      var labelled = try view.labelled
      if let copyPaste { view.pasted = try copyPaste.paste(into: &labelled, draw: draw, tables: known(), sample: other) }
      if mixing != ClassMixing(), let choice = mixing.choice(draw: draw, tables: try known()) {
        let partner = try placed(
          other(choice.partner), draw: draw.partner, cropClass: classCrop == nil ? nil : choice.classIndex,
          operations: policy?.operations(random: draw.partner.random(.policy)) ?? [])
        view.second = mixing.mix(&labelled, with: try partner.labelled, choice, draw: draw, fill: meanColour)
        view.mixed = choice
      }
      (view.image, view.annotation) = (labelled.image, labelled.labels)
    }
    if tones.isNeeded || !operations.isEmpty {
      view.image = tones.applied(
        to: view.image, operations: operations, random: draw.random(.tones), noiseRandom: draw.random(.noise))
    }
    return view
  }

  /// Whether a class for each pixel is needed.
  private var needsPixels: Bool { copyPaste != nil || mixing != ClassMixing() }

  private func known() throws -> ClassTables {
    guard let tables else {
      throw LongtailError(.internalError, "augmentation by classes was asked for a view before the classes of the samples were counted")
    }
    return tables
  }

  /// A sample warped, scaled, cropped and flipped.
  private func placed(
    _ sample: AnnotatedImage, draw: SampleDraw, cropClass: Int?, operations: [ImageOperation]
  ) throws -> AugmentedView {
    var image = sample.image
    var labels = sample.annotation as? LabelImage
    let warped = warp.map(size: image.size, random: draw.random(.warp), gridRandom: draw.random(.grid), operations: operations)
    if let warped {
      guard sample.annotation is any RowAnnotation else {
        throw LongtailError(
          .usage, "rotate, shear, perspective, gridDistortion and policy move pixels, which boxes and outlines do not follow",
          advice: "Leave these keys of data.augmentation out for this task.")
      }
      image = image.warped(by: warped, fill: meanColour)
      labels = labels?.warped(by: warped)
    }
    let size = image.size
    var choice =
      draw.isPartner
      ? decisions(size: size, random: draw.random(.crop))
      : decisions(size: size, epoch: draw.epoch, index: draw.index, occurrence: draw.occurrence)
    if let classCrop, let cropClass, let labels {
      let first = choice
      choice = classCrop.search(
        for: cropClass, in: labels,
        tried: { number in
          if number == 0 { return first }
          let next = decisions(size: size, random: draw.random(.crop, part: number))
          var tried = first
          (tried.scaled, tried.crop, tried.cropX, tried.cropY) = (next.scaled, next.crop, next.cropX, next.cropY)
          return tried
        }, aim: draw.random(.aim))
    }
    image = image.cut(choice, fill: meanColour)
    labels = labels?.cut(choice)
    return AugmentedView(image: image, annotation: labels ?? sample.annotation, decisions: choice, cropClass: cropClass)
  }
}

extension AugmentedView {
  /// The view with its label map.
  fileprivate var labelled: LabelledImage {
    get throws {
      try AnnotatedImage(image: image, annotation: annotation).labelled(for: "copyPaste, cutMix and mixup of data.augmentation")
    }
  }
}

extension RGBImage {
  /// The image scaled, cropped and flipped.
  /// - Parameter fill: the colour of what the crop covers beyond the image.
  func cut(_ choice: AugmentationDecisions, fill: RGBColour) -> RGBImage {
    let geometry = Geometry(choice, source: size, output: choice.crop)
    let (columns, rows) = (geometry.columns, geometry.rows)
    let part =
      choice.scaled == size
      ? cropped(x: columns, y: rows) : resized(width: choice.scaled.width, height: choice.scaled.height, columns: columns, rows: rows)
    let whole = part.window(x: choice.cropX - columns.lowerBound, y: choice.cropY - rows.lowerBound, size: choice.crop, fill: fill)
    return choice.flip ? whole.mirrored() : whole
  }
}

extension LabelImage {
  /// The labels scaled, cropped and flipped; ignored beyond the image.
  func cut(_ choice: AugmentationDecisions) -> LabelImage {
    let geometry = Geometry(choice, source: size, output: choice.crop)
    let (columns, rows) = (geometry.columns, geometry.rows)
    let part =
      choice.scaled == size
      ? cropped(x: columns, y: rows) : resized(width: choice.scaled.width, height: choice.scaled.height, columns: columns, rows: rows)
    let whole = part.window(x: choice.cropX - columns.lowerBound, y: choice.cropY - rows.lowerBound, size: choice.crop)
    return choice.flip ? whole.mirrored() : whole
  }
}
