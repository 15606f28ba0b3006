/// The kinds of number that a safetensors file may hold, by the names that its header uses.
///
/// Source: huggingface/safetensors, `safetensors/src/tensor.rs`. Kinds of less than eight bits are not known here.
public enum ElementType: String, Sendable, CaseIterable {
  // In the order of the reference's enumeration: its writer sorts tensors by falling order, which is by falling alignment.

  /// One byte, 0 or 1.
  case bool = "BOOL"
  /// Unsigned 8-bit integer.
  case uint8 = "U8"
  /// Signed 8-bit integer.
  case int8 = "I8"
  /// 8-bit float, 5 bits of exponent.
  case float8e5m2 = "F8_E5M2"
  /// 8-bit float, 4 bits of exponent.
  case float8e4m3 = "F8_E4M3"
  /// 8-bit power of two.
  case float8e8m0 = "F8_E8M0"
  /// Signed 16-bit integer.
  case int16 = "I16"
  /// Unsigned 16-bit integer.
  case uint16 = "U16"
  /// IEEE half precision.
  case float16 = "F16"
  /// The upper half of a single-precision float.
  case bfloat16 = "BF16"
  /// Signed 32-bit integer.
  case int32 = "I32"
  /// Unsigned 32-bit integer.
  case uint32 = "U32"
  /// IEEE single precision.
  case float32 = "F32"
  /// Two single-precision floats.
  case complex64 = "C64"
  /// IEEE double precision.
  case float64 = "F64"
  /// Signed 64-bit integer.
  case int64 = "I64"
  /// Unsigned 64-bit integer.
  case uint64 = "U64"

  /// Size of one element in bytes.
  public var byteCount: Int {
    switch self {
    case .bool, .uint8, .int8, .float8e5m2, .float8e4m3, .float8e8m0: return 1
    case .int16, .uint16, .float16, .bfloat16: return 2
    case .int32, .uint32, .float32: return 4
    case .complex64, .float64, .int64, .uint64: return 8
    }
  }

  /// Whether `TensorValues` can hold it.
  public var isReadable: Bool {
    switch self {
    case .uint8, .float16, .bfloat16, .int32, .float32, .float64, .int64: return true
    default: return false
    }
  }

  /// Position in the order that files are written in: the largest first.
  var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
