import Collectives
import Configuration
import Datasets
import Detection
import Images
import Reports
import Tensors
import Training

/// What the network of a configuration will see in training: a sheet of views, and how often classes are expected in them.
struct AugmentationInspection {
  private let input: TrainingInput
  private var experiment: Experiment { input.experiment }

  /// Opens the data and counts its labels.
  /// - Throws: `LongtailError` as training would.
  init(_ configuration: Configuration, communicator: any Communicator) throws {
    input = try TrainingInput(configuration, communicator: communicator)
  }

  // MARK: Sheet

  /// The first samples of the first epoch, as they come, and as they are seen in several epochs.
  /// - Throws: `LongtailError` as loading does.
  func sheet(samples count: Int, epochs: Int) throws -> RGBImage {
    let (chosen, pipeline) = (input.firstSamples(count), input.pipeline)
    let dataset = experiment.dataset
    var rows = try chosen.map { index in
      let sample = try dataset.annotatedImage(split: .train, index: index)
      // As large as a view at most, in its own shape.
      let (view, own) = (experiment.inputSize, sample.image.size)
      let factor = min(Double(view.width) / Double(own.width), Double(view.height) / Double(own.height))
      let size = ImageSize(
        width: max(1, Int((Double(own.width) * factor).rounded())), height: max(1, Int((Double(own.height) * factor).rounded())))
      let small = sample.image.resized(width: size.width, height: size.height)
      if let boxes = sample.annotation as? BoxAnnotation {
        let geometry = BoxGeometry(from: (own.width, own.height), to: (size.width, size.height))
        let objects = boxes.objects.compactMap { object in
          geometry.apply(object.box).map { TargetBox(box: $0, label: object.label) }
        }
        return AugmentationSheet.Row(name: dataset.identifier(split: .train, index: index), cells: [cell(small, objects)])
      }
      return AugmentationSheet.Row(
        name: dataset.identifier(split: .train, index: index),
        cells: [.init(image: small, labels: (sample.annotation as? LabelImage)?.resized(to: size))])
    }
    let loader = try input.loader(of: chosen, epochs: epochs, pipeline: pipeline, size: experiment.paddedSize)
    defer { loader.stop() }
    while let batch = try loader.next() {
      for view in 0..<pipeline.viewCount { rows[batch.step].cells.append(try cell(batch, view: view)) }
      loader.recycle(batch)
    }
    let titles = (1...max(1, epochs)).flatMap { epoch in
      (1...pipeline.viewCount).map { pipeline.viewCount == 1 ? "epoch \(epoch)" : "epoch \(epoch), view \($0)" }
    }
    return try AugmentationSheet(
      rows: rows, titles: ["as it is"] + titles, classNames: experiment.classNames, palette: experiment.palette,
      caption: "\(dataset.name), seed \(experiment.configuration.seed): what the network sees, labels below"
    ).image()
  }

  /// The image of a batch of one, with the normalization undone, and its labels.
  private func cell(_ batch: Batch, view: Int) throws -> AugmentationSheet.Cell {
    let (width, height) = (batch.width, batch.height)
    let data = experiment.configuration.data
    var image = RGBImage(width: width, height: height)
    try batch.images(ofView: view).withFloats { planes in
      for channel in 0..<3 {
        let (mean, deviation) = (data.mean[channel], data.standardDeviation[channel])
        for place in 0..<width * height {
          let value = (Double(planes[channel * width * height + place]) * deviation + mean) * 255
          image.pixels[3 * place + channel] = UInt8(min(255, max(0, value.rounded())))
        }
      }
    }
    if let boxes = batch.targets as? DetectionTargets { return cell(image, boxes.images[0].boxes) }
    guard let rows = batch.targets as? RowLabels else { return .init(image: image, labels: nil) }
    return rows.withRows { rows in
      if rows.labels.count != width * height {
        let names = experiment.classNames
        return .init(
          image: image, labels: nil,
          note: rows.labels.map { names.indices.contains(Int($0)) ? names[Int($0)] : "none" }.joined(separator: ", "))
      }
      let labels = LabelImage(
        width: width, height: height, labels: rows.labels.map { UInt8(exactly: $0) ?? LabelImage.ignored })
      let share = rows.second?.shares.max() ?? 0
      return .init(image: image, labels: labels, note: share > 0 ? "another by \(Formatting.percent(Double(share), decimals: 0)) %" : "")
    }
  }

  /// An image with its boxes.
  private func cell(_ image: RGBImage, _ objects: [TargetBox]) -> AugmentationSheet.Cell {
    let drawn = objects.map { (box: $0.box, label: Int($0.label), text: experiment.classNames[Int($0.label)]) }
    return AugmentationSheet.Cell(image: image.drawing(drawn, palette: experiment.palette), labels: nil)
  }

  // MARK: Text

  /// The expected frequencies, a line for each class.
  func text() -> String {
    let expected =
      (input.pipeline as? AugmentationPipeline ?? AugmentationPipeline())
      .expectation(sampler: input.sampler, classes: input.classes)
    let columns: [(title: String, shares: [Double])] =
      [("of images %", expected.samples), ("of drawn %", expected.drawn)]
      + [("pasted too %", expected.pasted), ("of CutMix %", expected.cutMix), ("of mixup %", expected.mixup)]
      .compactMap { title, shares in shares.map { (title, $0) } }
    var table = TextTable(columns: [.init("class")] + columns.map { .init($0.title, isNumeric: true) })
    for (index, name) in experiment.classNames.enumerated() {
      table.append([name] + columns.map { Formatting.percent($0.shares[index], decimals: 1) })
    }
    let parts =
      ["all images", "those drawn"] + (expected.pasted == nil ? [] : ["views with cut-outs"])
      + (expected.cutMix == nil && expected.mixup == nil ? [] : ["the images mixed in"])
    return table.lines.joined(separator: "\n")
      + "\n\nexpected shares that show a class, where crops lose none: of \(parts.joined(separator: ", of "))\n"
  }
}
