import Tensors

/// Room for W W' in float32, as the passes of an objective read it.
struct GramMemory {
  private let objective: String
  private let classes: Int
  private var memory = WorkingMemory()

  init(objective: String, classes: Int) {
    self.objective = objective
    self.classes = classes
  }

  /// The products of this step's classifier, valid until the next call and as long as this value.
  /// - Parameter centred: whether gradients add up to 0 over the classes.
  /// - Throws: `LongtailError` if there are none, or their size is wrong.
  mutating func pointer(_ gram: [Double]?, centred: Bool) throws -> UnsafePointer<Float>? {
    guard let gram else { throw ClassifierGram.missing(objective: objective) }
    guard gram.count == classes * classes else {
      throw LongtailError(.internalError, "objective \(objective): \(gram.count) products of class weights for \(classes) classes")
    }
    return memory.floats(centred ? ClassifierGram.centred(gram, classes: classes) : gram)
  }
}
