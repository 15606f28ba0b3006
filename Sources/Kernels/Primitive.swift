import COneDNN
import Tensors

/// A tensor that primitives take: a layout, bound to a place in a buffer once the arena is laid out.
package final class Memory {
  /// Where the numbers lie.
  package let layout: TensorLayout
  let handle: dnnl_memory_t
  private var keptAlive: HostBuffer?

  /// Makes an unbound tensor.
  package init(_ layout: TensorLayout) throws {
    var made: dnnl_memory_t?
    try OneDNN.check(dnnl_memory_create(&made, layout.handle, OneDNN.engine(), nil), "create a tensor")
    guard let made else { throw OneDNN.failure("create a tensor", "no object") }
    self.layout = layout
    handle = made
  }

  deinit { dnnl_memory_destroy(handle) }

  /// Puts the tensor at `byteOffset` in `buffer`, which is kept alive.
  package func bind(to buffer: HostBuffer, byteOffset: Int = 0) throws {
    guard byteOffset >= 0, byteOffset + layout.byteCount <= buffer.byteCount else {
      throw LongtailError(.internalError, "a tensor of \(layout.byteCount) bytes does not fit at \(byteOffset) of \(buffer.byteCount)")
    }
    keptAlive = buffer
    try OneDNN.check(dnnl_memory_set_data_handle(handle, buffer.baseAddress + byteOffset), "place a tensor")
  }
}

/// What a primitive will be: the library's answer to a request, with the layouts it wants.
package final class PrimitiveDescriptor {
  let handle: dnnl_primitive_desc_t

  init(_ attempt: String, _ create: (UnsafeMutablePointer<dnnl_primitive_desc_t?>) throws -> dnnl_status_t) throws {
    var made: dnnl_primitive_desc_t?
    try OneDNN.check(create(&made), "plan \(attempt)")
    guard let made else { throw OneDNN.failure("plan \(attempt)", "no object") }
    handle = made
  }

  deinit { dnnl_primitive_desc_destroy(handle) }

  /// The layout of one argument.
  func layout(_ what: dnnl_query_t, _ index: Int32 = 0) throws -> TensorLayout {
    var copy: dnnl_memory_desc_t?
    guard let found = dnnl_primitive_desc_query_md(handle, what, index) else {
      throw OneDNN.failure("query a layout", "the primitive has none")
    }
    try OneDNN.check(dnnl_memory_desc_clone(&copy, found), "copy a layout")
    guard let copy else { throw OneDNN.failure("copy a layout", "no object") }
    return TensorLayout(owning: copy)
  }

  /// The name of the implementation, such as `jit:avx2` or `jit_wino:avx512_core`. `ref` means thousandfold slower.
  package var implementation: String {
    var text: UnsafePointer<CChar>?
    guard dnnl_primitive_desc_query(handle, dnnl_query_impl_info_str, 0, &text) == dnnl_success, let text else { return "unknown" }
    return String(cString: text)
  }

  /// Whether the library has nothing better than its reference loops for this request. Reorders by simple loops are no such case: they
  /// bring weights into another layout, of which there are few beside what is computed with them.
  package var isReference: Bool { implementation.hasPrefix("ref") || (implementation.hasPrefix("simple:any") && !isReorder) }

  private var isReorder: Bool {
    var kind = dnnl_undefined_primitive
    return dnnl_primitive_desc_query(handle, dnnl_query_primitive_kind, 0, &kind) == dnnl_success && kind == dnnl_reorder
  }

  /// The layout of the temporary memory that an execution needs; nil when none.
  package var scratchpad: TensorLayout? {
    guard let layout = try? layout(dnnl_query_scratchpad_md), layout.byteCount > 0 else { return nil }
    return layout
  }
}

/// A kernel ready to run: created once, executed every step, allocating nothing.
package final class Primitive {
  /// What it was made from.
  package let descriptor: PrimitiveDescriptor
  private let handle: dnnl_primitive_t
  private var arguments: [dnnl_exec_arg_t] = []
  private var keptAlive: [Memory] = []

  /// Generates the kernel.
  package init(_ descriptor: PrimitiveDescriptor) throws {
    var made: dnnl_primitive_t?
    try OneDNN.check(dnnl_primitive_create(&made, descriptor.handle), "create \(descriptor.implementation)")
    guard let made else { throw OneDNN.failure("create a primitive", "no object") }
    self.descriptor = descriptor
    handle = made
  }

  deinit { dnnl_primitive_destroy(handle) }

  /// Fixes the tensors that the kernel works on. Passing one that it does not use makes `execute` fail.
  package func setArguments(_ list: [(Argument, Memory)]) {
    arguments = list.map { dnnl_exec_arg_t(arg: $0.0.rawValue, memory: $0.1.handle) }
    keptAlive = list.map(\.1)
  }

  /// Runs the kernel on the compute threads and waits.
  /// - Throws: `LongtailError` with the library's reason.
  package func execute() throws {
    try OneDNN.check(
      dnnl_primitive_execute(handle, OneDNN.stream(), Int32(arguments.count), arguments), "run \(descriptor.implementation)")
  }

  /// The roles that tensors play for a primitive.
  package enum Argument: Sendable {
    case source, sourceSecond, weights, bias, destination, workspace, scratchpad
    case gradientOfSource, gradientOfWeights, gradientOfBias, gradientOfDestination
    case reorderFrom, reorderTo

    var rawValue: Int32 {
      switch self {
      case .source, .reorderFrom: 1
      case .sourceSecond: 2
      case .destination, .reorderTo: 17
      case .weights: 33
      case .bias: 41
      case .workspace: 64
      case .scratchpad: 80
      case .gradientOfSource: 129
      case .gradientOfDestination: 145
      case .gradientOfWeights: 161
      case .gradientOfBias: 169
      }
    }
  }
}
