import Tensors

extension Objective {
  /// Throws unless the rows have the classes that the objective was made for.
  func check(_ logits: RowsView, classes: Int) throws {
    guard logits.classes == classes else {
      throw LongtailError(
        .mismatch, "objective \(name) was made for \(classes) classes, but the network's head gives \(logits.classes)",
        advice: "Give the network as many classes as the data set has.")
    }
  }

  /// Throws unless `count` numbers from `offset` on lie in the vector.
  func check(_ packed: [Double], at offset: Int, count: Int) throws {
    guard offset >= 0, offset + count <= packed.count else {
      throw LongtailError(.internalError, "objective \(name): no \(count) numbers from \(offset) on in a vector of \(packed.count)")
    }
  }

  /// The error for a training step whose preparation was left out.
  var unprepared: LongtailError {
    LongtailError(.internalError, "objective \(name): a training step without acceptPreparation")
  }

  /// Takes `count` numbers of the objective's own out of its saved state.
  /// - Throws: `LongtailError` unless they are there, finite and not negative.
  func take(_ key: String, count: Int, from state: inout [String: [Double]]) throws -> [Double] {
    guard let values = state.removeValue(forKey: key), values.count == count else {
      throw LongtailError(
        .mismatch, "objective \(name): the checkpoint does not hold \(count) numbers of state '\(key)'",
        advice: "Resume with the objective and the number of classes that the run was started with.")
    }
    guard values.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
      throw LongtailError(.mismatch, "objective \(name): the checkpoint's state '\(key)' is damaged")
    }
    return values
  }
}
