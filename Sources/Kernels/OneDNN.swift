import COneDNN
import Tensors
import Threading

/// The one oneDNN engine and stream of this process, and what is known about the library.
///
/// Only the compute thread calls oneDNN: its OpenMP pool belongs to that thread.
package enum OneDNN {
  nonisolated(unsafe) private static var shared: (engine: dnnl_engine_t, stream: dnnl_stream_t)?
  nonisolated(unsafe) private static var sharedAttributes: dnnl_primitive_attr_t?

  /// The library's version, such as `3.1.0`.
  package static var version: String {
    guard let version = dnnl_version() else { return "unknown" }
    return "\(version.pointee.major).\(version.pointee.minor).\(version.pointee.patch)"
  }

  /// The instruction set that the library's kernels use on this processor, such as `avx512_core` or `avx2`.
  package static var instructionSet: String {
    switch dnnl_get_effective_cpu_isa() {
    case dnnl_cpu_isa_sse41: "sse41"
    case dnnl_cpu_isa_avx: "avx"
    case dnnl_cpu_isa_avx2: "avx2"
    case dnnl_cpu_isa_avx2_vnni: "avx2_vnni"
    case dnnl_cpu_isa_avx2_vnni_2: "avx2_vnni_2"
    case dnnl_cpu_isa_avx512_core: "avx512_core"
    case dnnl_cpu_isa_avx512_core_vnni: "avx512_core_vnni"
    case dnnl_cpu_isa_avx512_core_bf16: "avx512_core_bf16"
    case dnnl_cpu_isa_avx512_core_fp16: "avx512_core_fp16"
    case dnnl_cpu_isa_avx512_core_amx: "avx512_core_amx"
    case dnnl_cpu_isa_avx512_core_amx_fp16: "avx512_core_amx_fp16"
    default: "baseline"
    }
  }

  static func engine() throws -> dnnl_engine_t { try handles().engine }
  static func stream() throws -> dnnl_stream_t { try handles().stream }

  /// Attributes of every primitive: the scratchpad is ours, so that it lies in the arena and a primitive allocates nothing.
  static func attributes() throws -> dnnl_primitive_attr_t {
    if let sharedAttributes { return sharedAttributes }
    var made: dnnl_primitive_attr_t?
    try check(dnnl_primitive_attr_create(&made), "create attributes")
    guard let made else { throw failure("create attributes", "no object") }
    try check(dnnl_primitive_attr_set_scratchpad_mode(made, dnnl_scratchpad_mode_user), "choose the user's scratchpad")
    sharedAttributes = made
    return made
  }

  private static func handles() throws -> (engine: dnnl_engine_t, stream: dnnl_stream_t) {
    if let shared { return shared }
    var engine: dnnl_engine_t?
    try check(dnnl_engine_create(&engine, dnnl_cpu, 0), "create the engine")
    var stream: dnnl_stream_t?
    try check(dnnl_stream_create(&stream, engine, UInt32(dnnl_stream_default_flags.rawValue)), "create the stream")
    guard let engine, let stream else { throw failure("create the engine", "no object") }
    shared = (engine, stream)
    return (engine, stream)
  }

  /// Turns a status of the library into an error that says what was attempted.
  static func check(_ status: dnnl_status_t, _ attempt: @autoclosure () -> String) throws {
    if status == dnnl_success { return }
    throw failure(attempt(), String(cString: dnnl_status2str(status)))
  }

  static func failure(_ attempt: String, _ reason: String) -> LongtailError {
    LongtailError(.internalError, "oneDNN \(version) (\(instructionSet)) could not \(attempt): \(reason)")
  }
}
