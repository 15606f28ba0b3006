import Kernels
import Tensors
import Threading

/// A layer of one's own that makes a row of numbers from the row at the same position of its input: an activation function, a gate, a
/// scaling, a small product with a matrix.
///
/// Write what one row becomes, and its gradient; the engine does the rest: every position of every image, on all compute threads, in
/// whatever layout the layers around have, as a part of the plan with its memory. Rows are cut into 16 runs whose sums are added in order,
/// so that gradients of parameters are the same on any number of threads. Cost: a copy of each row, and 16 float64 numbers a parameter.
/// For other layers than these, compose a graph of the layers that there are.
public protocol RowwiseLayer: Layer {
  /// Computes a row.
  /// - Parameters:
  ///   - input: the numbers at a position, one a channel.
  ///   - parameters: what the layer has learned.
  ///   - output: takes the result, all of it.
  func forward(
    _ input: UnsafeBufferPointer<Float>, _ parameters: LayerParameters, into output: UnsafeMutableBufferPointer<Float>)

  /// Computes the gradient of a row.
  /// - Parameters:
  ///   - input: as in the forward pass.
  ///   - parameters: as in the forward pass.
  ///   - gradient: dL/d of the output.
  ///   - inputGradient: takes dL/d of the input, all of it.
  ///   - sums: dL/d of the parameters is added to these.
  func backward(
    _ input: UnsafeBufferPointer<Float>, _ parameters: LayerParameters, gradient: UnsafeBufferPointer<Float>,
    into inputGradient: UnsafeMutableBufferPointer<Float>, _ sums: LayerGradients)
}

/// The parameters of a layer by name, each in the order of its shape. Valid during a pass.
public struct LayerParameters {
  fileprivate let values: [(name: String, numbers: UnsafeBufferPointer<Float>)]

  /// The numbers of a parameter that the layer has specified; none of any other name.
  public subscript(_ name: String) -> UnsafeBufferPointer<Float> {
    values.first { $0.name == name }?.numbers ?? UnsafeBufferPointer(start: nil, count: 0)
  }
}

/// Sums of the gradients of a layer's parameters by name, each in the order of its shape. Valid during a pass.
public struct LayerGradients {
  fileprivate let places: [(name: String, range: Range<Int>)]
  fileprivate let base: UnsafeMutableBufferPointer<Double>

  /// The sums of a parameter that the layer has specified; none of any other name.
  public subscript(_ name: String) -> UnsafeMutableBufferPointer<Double> {
    let range = places.first { $0.name == name }?.range ?? 0..<0
    return UnsafeMutableBufferPointer(rebasing: base[range])
  }
}

extension RowwiseLayer {
  /// Extents of the input, with the channels of the output.
  public func outputShape(_ inputs: [FeatureShape]) throws -> FeatureShape {
    guard let input = inputs.first, inputs.count == 1 else {
      throw LongtailError(.internalError, "a layer of kind \(kind) reads one activation, not \(inputs.count)")
    }
    return FeatureShape(channels: outputChannels([input.channels]), height: input.height, width: input.width)
  }

  /// As the input lies; parameters in the order of their shapes.
  public func layouts(_ context: LayoutContext) throws -> LayerLayouts {
    let parameters = try parameters(context.inputChannels).map { ($0.name, try TensorLayout.plain($0.kernelExtents)) }
    let isEqual = context.inputShapes.first == context.outputShape
    return LayerLayouts(
      output: isEqual ? context.inputs[0] : try context.blockedLikeInput(), parameters: Dictionary(parameters) { first, _ in first })
  }

  /// Plans the loops.
  public func compile(_ builder: NodeBuilder) throws -> any PlannedLayer { try PlannedRowwiseLayer(self, builder) }
}

/// A rowwise layer compiled for one batch shape.
private final class PlannedRowwiseLayer<Description: RowwiseLayer>: PlannedLayer {
  private static var runs: Int { 16 }

  private let layer: Description
  private let parameters: [(name: String, bound: BoundParameter)]
  private let places: [(name: String, range: Range<Int>)]
  private let sums: HostBuffer
  private let (input, output): (PlanTensor, PlanTensor)
  private var gradients: (output: PlanTensor, input: PlanTensor?)?

  init(_ layer: Description, _ builder: NodeBuilder) throws {
    self.layer = layer
    let specifications = layer.parameters(builder.inputChannels)
    parameters = try specifications.map { ($0.name, try builder.parameter($0.name)) }
    var end = 0
    places = specifications.map { parameter in
      defer { end += parameter.shape.reduce(1, *) }
      return (parameter.name, end..<end + parameter.shape.reduce(1, *))
    }
    (input, output) = (try builder.input(inBackward: true), try builder.output())
    sums = HostBuffer(byteCount: builder.runsBackward ? Self.runs * end * MemoryLayout<Double>.stride : 0)
    if builder.runsBackward { gradients = (try builder.gradientOfOutput(), try builder.gradientOfInput()) }
  }

  /// The rows of a tensor, and the lanes of its last block of channels that hold none.
  private func rows(_ tensor: PlanTensor) throws -> RowsView {
    let (view, region) = (try tensor.layout.channelBlocks(), try tensor.region())
    return RowsView(view, images: view.images, buffer: region.buffer, offset: region.offset)
  }

  private func withParameters(_ body: (LayerParameters) throws -> Void) throws {
    // Each region belongs to a buffer that the plan is bound to for the whole pass.
    try body(
      LayerParameters(
        values: parameters.map { name, bound in
          let region = try bound.value.region()
          return region.buffer.withFloats { (name, UnsafeBufferPointer(rebasing: $0[region.offset..<region.offset + region.count])) }
        }))
  }

  func forward() throws {
    let (x, y) = (try rows(input), try rows(output))
    try withParameters { parameters in
      ComputePool.forEach(parts: Self.runs) { run in
        withRoom(x.classes + y.classes) { room in
          let from = UnsafeMutableBufferPointer(rebasing: room[..<x.classes])
          let to = UnsafeMutableBufferPointer(rebasing: room[x.classes...])
          forEachRow(of: x, run) { image, row in
            x.read(image, row, into: from)
            layer.forward(UnsafeBufferPointer(from), parameters, into: to)
            y.write(to, image, row)
          }
        }
      }
    }
  }

  func backward() throws {
    guard let gradients else { return }
    let (x, dy, dx) = (try rows(input), try rows(gradients.output), try gradients.input.map(rows))
    let count = places.last?.range.upperBound ?? 0
    try withParameters { parameters in
      sums.withBytes { bytes in
        let all = bytes.bindMemory(to: Double.self)
        all.update(repeating: 0)
        ComputePool.forEach(parts: Self.runs) { run in
          let own = LayerGradients(places: places, base: UnsafeMutableBufferPointer(rebasing: all[run * count..<(run + 1) * count]))
          withRoom(2 * x.classes + dy.classes) { room in
            let from = UnsafeMutableBufferPointer(rebasing: room[..<x.classes])
            let to = UnsafeMutableBufferPointer(rebasing: room[x.classes..<2 * x.classes])
            let above = UnsafeMutableBufferPointer(rebasing: room[(2 * x.classes)...])
            forEachRow(of: x, run) { image, row in
              x.read(image, row, into: from)
              dy.read(image, row, into: above)
              layer.backward(UnsafeBufferPointer(from), parameters, gradient: UnsafeBufferPointer(above), into: to, own)
              dx?.write(to, image, row)
            }
          }
        }
      }
    }
    try writeParameterGradients(count)
  }

  private func writeParameterGradients(_ count: Int) throws {
    for ((_, bound), place) in zip(parameters, places) {
      guard let gradient = try bound.gradient?.region() else { continue }
      sums.withBytes { bytes in
        let all = bytes.bindMemory(to: Double.self)
        gradient.buffer.withFloats { floats in
          for (offset, number) in place.range.enumerated() {
            floats[gradient.offset + offset] = Float((0..<Self.runs).reduce(0) { $0 + all[$1 * count + number] })
          }
        }
      }
    }
  }

  private func withRoom(_ count: Int, _ body: (UnsafeMutableBufferPointer<Float>) -> Void) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { room in
      room.initialize(repeating: 0)
      body(room)
    }
  }

  private func forEachRow(of view: RowsView, _ run: Int, _ body: (Int, Int) -> Void) {
    for row in view.rows * run / Self.runs..<view.rows * (run + 1) / Self.runs { body(row / view.rowsPerImage, row % view.rowsPerImage) }
  }
}

extension RowsView {
  fileprivate func read(_ image: Int, _ row: Int, into values: UnsafeMutableBufferPointer<Float>) {
    buffer.withFloats { floats in for k in 0..<classes { values[k] = floats[index(image: image, row: row, class: k)] } }
  }

  /// Writes a row, and zeros where a block of channels is padded.
  fileprivate func write(_ values: UnsafeMutableBufferPointer<Float>, _ image: Int, _ row: Int) {
    let padded = classStride == 1 && rowStride == blockSize ? (classes + blockSize - 1) / blockSize * blockSize : classes
    buffer.withFloats { floats in
      for k in 0..<padded { floats[index(image: image, row: row, class: k)] = k < classes ? values[k] : 0 }
    }
  }
}
