import Tensors

/// W W' in float32, kept for the passes of an objective.
struct GramMemory {
  private let objective: String
  private let classes: Int
  private var memory = WorkingMemory()
  private var isSet = false

  init(objective: String, classes: Int) {
    self.objective = objective
    self.classes = classes
  }

  /// Takes the products of this step.
  /// - Parameter centred: whether gradients add up to 0 over the classes.
  /// - Throws: `LongtailError` if the size is wrong.
  mutating func set(_ gram: [Double], centred: Bool) throws {
    guard gram.count == classes * classes else {
      throw LongtailError(.internalError, "objective \(objective): \(gram.count) products of class weights for \(classes) classes")
    }
    let numbers = centred ? ClassifierGram.centred(gram, classes: classes) : gram
    let lanes = memory.lanes((gram.count + 7) / 8)
    UnsafeMutableRawBufferPointer(lanes).withMemoryRebound(to: Float.self) { room in
      for (i, value) in numbers.enumerated() { room[i] = Float(value) }
    }
    isSet = true
  }

  /// The numbers, valid as long as this value.
  /// - Throws: `LongtailError` if `set` was never called.
  mutating func pointer() throws -> UnsafePointer<Float>? {
    guard isSet else { throw ClassifierGram.missing(objective: objective) }
    return UnsafeRawPointer(memory.lanes((classes * classes + 7) / 8).baseAddress)?.assumingMemoryBound(to: Float.self)
  }
}
