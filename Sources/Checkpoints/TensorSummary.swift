import Foundation
import Tensors

/// What a tensor in a checkpoint looks like, without its numbers.
package struct TensorSummary: Sendable, Equatable {
  /// The file that holds it.
  package let file: String
  /// Its name.
  package let name: String
  /// Extents, outermost first.
  package let shape: [Int]
  /// The kind of number.
  package let elementType: ElementType
  /// How many numbers.
  package let count: Int
  /// Numbers that are NaN or infinite; the figures below leave them out.
  package let nonFiniteCount: Int
  /// The smallest number; nil where there is none.
  package let minimum: Double?
  /// The largest number; nil where there is none.
  package let maximum: Double?
  /// The mean; nil where there is none.
  package let mean: Double?
  /// The Euclidean norm.
  package let norm: Double
  /// `StoredTensor.digest`: equal for equal bits.
  package let digest: String
  /// Whether the digest is the manifest's; nil where there is no manifest to compare with.
  package let isIntact: Bool?

  /// Looks at a tensor. Cost: one pass in double precision and one of the digest.
  /// - Parameter expected: the digest in the manifest, if there is one.
  package init(_ tensor: StoredTensor, file: String, expected: String?) {
    let digest = tensor.digest.description
    self.file = file
    name = tensor.name
    shape = tensor.shape
    elementType = tensor.values.elementType
    count = tensor.values.count
    self.digest = digest
    isIntact = expected.map { $0 == digest }
    let numbers = tensor.values.doubles ?? tensor.values.integers?.map(Double.init) ?? []
    var (low, high) = (Double.infinity, -Double.infinity)
    var (sum, squares) = (0.0, 0.0)
    var finite = 0
    for number in numbers where number.isFinite {
      finite += 1
      low = min(low, number)
      high = max(high, number)
      sum += number
      squares += number * number
    }
    nonFiniteCount = numbers.count - finite
    minimum = finite > 0 ? low : nil
    maximum = finite > 0 ? high : nil
    mean = finite > 0 ? sum / Double(finite) : nil
    norm = squares.squareRoot()
  }
}

extension CheckpointStore {
  /// What can be read of a checkpoint, damaged or not.
  package struct Inspection: Sendable {
    /// What is wrong with it, if anything.
    package let examination: Examination
    /// Where the run stood; nil where `run.json` cannot be read.
    package let run: RunRecord?
    /// The tensors of all files that can be opened, in the order of their bytes.
    package let tensors: [TensorSummary]
  }

  /// Reads all that can be read of a checkpoint's directory, also where it is damaged.
  /// - Throws: `LongtailError` with code `missingInput` where there is no such directory.
  package static func inspect(directory path: String) throws -> Inspection {
    let examination = try examine(directory: path)
    let files = FileSystem()
    let run = try? CheckpointJSON.decode(RunRecord.self, from: files.read("\(examination.path)/\(CheckpointFile.run)"))
    var tensors: [TensorSummary] = []
    for name in CheckpointFile.tensorFiles {
      guard let file = try? SafetensorsFile(path: "\(examination.path)/\(name)") else { continue }
      for entry in file.entries {
        guard let tensor = try? file.read(entry.name) else { continue }
        tensors.append(TensorSummary(tensor, file: name, expected: examination.manifest?.tensors[name]?[entry.name]))
      }
    }
    return Inspection(examination: examination, run: run, tensors: tensors)
  }
}
