import Kernels
import Tensors

/// A port of a compiled plan.
struct PlannedPort {
  let values: PlanTensor
  let gradient: RowsView?
  private(set) var rows: PortRows?

  init(values: PlanTensor, gradient: RowsView?) {
    self.values = values
    self.gradient = gradient
  }

  /// Looks up where the values lie now.
  mutating func refresh(images: Int) throws {
    guard let region = values.placedRegion else { return }
    rows = PortRows(
      values: RowsView(try values.layout.channelBlocks(), images: images, buffer: region.buffer, offset: region.offset), gradient: gradient)
  }
}

/// The memory of a plan's ports: their values stay until the end of the step, and the gradients that others write have memory of their own.
struct PortMemory {
  private(set) var ports: [Port: PlannedPort] = [:]
  /// Tensors that have memory of their own.
  private(set) var placed: [PlanTensor] = []
  /// What has to happen before a node's backward pass: adding the gradient from outside to that from within.
  private(set) var beforeBackward: [(node: Int, work: () throws -> Void)] = []

  init(
    _ builder: PlanBuilder, _ named: [(port: Port, use: PortUse, value: Graph.Value)], keepsPorts: Bool, lastMoment: Int
  ) throws {
    for (port, use, value) in named {
      let values = try builder.value(value)
      values.slot?.extend(to: lastMoment)
      if keepsPorts, !placed.contains(where: { $0 === values }) {
        try values.placeAlone()
        placed.append(values)
      }
      var gradient: RowsView?
      if use == .gradient, builder.mode.isTraining { gradient = try gradientRows(builder, value, values.layout) }
      var made = PlannedPort(values: values, gradient: gradient)
      try made.refresh(images: builder.isEmpty ? 0 : builder.images)
      ports[port] = made
    }
  }

  /// The gradient's memory is zeroed once, because its padded lanes must stay zero.
  private mutating func gradientRows(_ builder: PlanBuilder, _ value: Graph.Value, _ layout: TensorLayout) throws -> RowsView {
    let buffer = HostBuffer(byteCount: layout.byteCount)
    if builder.extent.needsGradient[value.index] {
      let target = try builder.gradient(of: value)
      if builder.contributors(to: value).isEmpty {
        try target.place(in: buffer, byteOffset: 0)
        placed.append(target)
      } else if let producer = builder.graph.producer(of: value) {
        let outside = try PlanTensor(layout, slot: nil)
        try outside.place(in: buffer, byteOffset: 0)
        beforeBackward.append((producer, { try target.region().accumulate(outside.region()) }))
      }
    }
    return RowsView(try layout.channelBlocks(), images: builder.isEmpty ? 0 : builder.images, buffer: buffer, offset: 0)
  }
}

extension RowsView {
  /// An activation as rows: one for each position of each image.
  package init(_ view: ChannelBlocks, images: Int, buffer: HostBuffer, offset: Int) {
    self.init(
      buffer: buffer, offset: offset, images: images, rowsPerImage: view.positions, classes: view.channels,
      imageStride: view.imageStride, rowStride: view.block == 1 ? 1 : view.block, classStride: view.block == 1 ? view.positions : 1,
      blockSize: view.block == 1 ? view.channels : view.block, blockStride: view.blockStride)
  }
}
