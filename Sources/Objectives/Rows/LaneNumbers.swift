import Tensors

/// The single numbers of vectors in memory: number `8 k + lane` is lane `lane` of vector `k`.
///
/// Reads and writes are raw. Through a pointer to `Float` the compiler may take it that they never meet reads and writes of whole vectors, and
/// keep old values.
struct LaneNumbers {
  private let base: UnsafeMutableRawPointer

  /// The numbers of the vectors from `lanes` on.
  @inline(__always)
  init(_ lanes: UnsafeMutablePointer<Lanes>) { base = UnsafeMutableRawPointer(lanes) }

  /// A number, by its place.
  subscript(place: Int) -> Float {
    @inline(__always) get { base.load(fromByteOffset: place &* 4, as: Float.self) }
    @inline(__always) nonmutating set { base.storeBytes(of: newValue, toByteOffset: place &* 4, as: Float.self) }
  }
}
