import Foundation
import Kernels
import Models
import Networks
import Tensors
import TestSupport
import Testing
import Threading

/// U-Net and SegNet against PyTorch's numbers; `Oracle/make_networks.py` made them.
@Suite(.computePool) struct NetworkOracleTests {
  struct Summary: Decodable {
    let norm: Double
    let projections: [Double]
  }
  struct Results: Decodable {
    let logits: Summary
    let evaluation: Summary
    let gradients: [String: Summary]
    let statistics: [String: Summary]
    let parameters: [String: Summary]
    let losses: [Double]
  }
  struct Case: Decodable {
    let name: String
    let seed: Int
    let width: Int
    let classes: Int
    let images: Int
    let height: Int
    let widthPixels: Int
    let parameterNames: [String]
    let parameterCount: Int
    let float64: Results
    let float32: Results
  }

  static func cases() throws -> [Case] {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Oracle/networks.json")
    return try JSONDecoder().decode([Case].self, from: Data(contentsOf: url))
  }

  static func numbers(_ seed: Int, _ count: Int) -> [UInt32] {
    var x = UInt32(truncatingIfNeeded: seed)
    return (0..<count).map { _ in
      x = x &* 1_664_525 &+ 1_013_904_223
      return x
    }
  }

  static func uniform(_ seed: Int, _ count: Int) -> [Double] { numbers(seed, count).map { Double($0) / 4_294_967_296 * 2 - 1 } }

  /// The error of a tensor relative to the oracle's norm, estimated from the projections, and from the norms.
  static func relativeError(_ values: [Float], _ expected: Summary) -> Double {
    var squares = 0.0
    for (k, projection) in expected.projections.enumerated() {
      let signs = numbers(7919 * (k + 1), values.count)
      var sum = 0.0
      for (value, sign) in zip(values, signs) { sum += sign >= 0x8000_0000 ? Double(value) : -Double(value) }
      squares += (sum - projection) * (sum - projection)
    }
    let norm = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    let scale = max(expected.norm, 1e-12)
    return max((squares / Double(expected.projections.count)).squareRoot(), abs(norm - expected.norm)) / scale
  }

  /// The same between two summaries.
  static func relativeError(_ values: Summary, _ expected: Summary) -> Double {
    let squares = zip(values.projections, expected.projections).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (squares / Double(expected.projections.count)).squareRoot() / max(expected.norm, 1e-12)
  }

  static func graph(_ c: Case) -> Graph {
    c.name == "unet" ? .unet(width: c.width, classes: c.classes) : .segnet(width: c.width, classes: c.classes)
  }

  static func network(
    _ c: Case, threads: Int = 2, algorithm: ConvolutionAlgorithm = .direct, channelBlock: Int? = nil
  ) throws -> Network {
    ComputePool.configure(threadCount: threads)
    var options = PlanOptions(algorithms: .fixed(algorithm), allowsReferenceKernels: true)
    options.channelBlock = channelBlock
    let network = try Network(
      graph: graph(c), images: c.images, height: c.height, width: c.widthPixels, seed: 0, options: options)
    let shapes = Dictionary(uniqueKeysWithValues: network.parameterNames.map { ($0.name, $0.shape) })
    var tensors: [NamedTensor] = []
    for (k, name) in c.parameterNames.enumerated() {
      let shape = try #require(shapes[name])
      let raw = uniform(1000 * c.seed + k, shape.reduce(1, *))
      let values: [Float]
      if shape.count == 1 {
        values = raw.map { Float(name.hasSuffix("weight") ? 1 + 0.1 * $0 : 0.1 * $0) }
      } else {
        let scale = (3.0 / Double(shape[1] * shape[2] * shape[3])).squareRoot()
        values = raw.map { Float($0 * scale) }
      }
      tensors.append(NamedTensor(name: name, shape: shape, values: values))
    }
    try network.load(tensors, into: network.parameters)
    return network
  }

  static func labels(_ c: Case) -> [Int] {
    numbers(2, c.images * c.height * c.widthPixels).map { Int($0 >> 16) % (c.classes + 1) }.map { $0 == c.classes ? -1 : $0 }
  }

  static func logitValues(_ view: RowsView) -> [Float] {
    view.buffer.withFloats { floats in
      var values: [Float] = []
      for n in 0..<view.images {
        for k in 0..<view.classes { for r in 0..<view.rowsPerImage { values.append(floats[view.index(image: n, row: r, class: k)]) } }
      }
      return values
    }
  }

  /// Mean cross-entropy over labelled pixels and its gradient, in float64 as a test may.
  static func crossEntropy(_ plan: TestPass, _ labels: [Int]) throws -> Double {
    let (z, g) = (try plan.logits, try plan.logitsGradient)
    let valid = Double(labels.filter { $0 >= 0 }.count)
    var loss = 0.0
    z.buffer.withFloats { zs in
      g.buffer.withFloats { gs in
        for n in 0..<z.images {
          for r in 0..<z.rowsPerImage {
            let label = labels[n * z.rowsPerImage + r]
            let row = (0..<z.classes).map { Double(zs[z.index(image: n, row: r, class: $0)]) }
            let top = row.max() ?? 0
            let total = row.reduce(0) { $0 + exp($1 - top) }
            for k in 0..<z.classes {
              let p = exp(row[k] - top) / total
              gs[g.index(image: n, row: r, class: k)] = label < 0 ? 0 : Float((p - (k == label ? 1 : 0)) / valid)
            }
            if label >= 0 { loss -= row[label] - top - log(total) }
          }
        }
      }
    }
    return loss / valid
  }

  /// PyTorch's Adam on the flat buffers, in float64.
  struct PlainAdam {
    var step = 0
    var m: [Double] = []
    var v: [Double] = []
    mutating func update(_ network: Network) {
      step += 1
      let (c1, c2) = (1 - pow(0.9, Double(step)), 1 - pow(0.999, Double(step)))
      network.parameters.withFloats { p in
        network.gradients.withFloats { g in
          if m.isEmpty { (m, v) = (Array(repeating: 0, count: p.count), Array(repeating: 0, count: p.count)) }
          for i in p.indices {
            let gradient = Double(g[i])
            m[i] = 0.9 * m[i] + 0.1 * gradient
            v[i] = 0.999 * v[i] + 0.001 * gradient * gradient
            p[i] = Float(Double(p[i]) - 1e-3 * (m[i] / c1) / ((v[i] / c2).squareRoot() + 1e-8))
          }
        }
      }
    }
  }

  /// What this processor has: the library's Winograd kernels need AVX-512. Our own loops run there too, on blocks of 8 channels.
  static let algorithms: [ConvolutionAlgorithm] =
    OneDNN.instructionSet.hasPrefix("avx512")
    ? [.direct, .winograd, .tiledWinograd, .matrixProduct] : [.direct, .tiledWinograd, .matrixProduct]

  @Test(arguments: 0..<4, algorithms)
  func matchesPyTorch(index: Int, algorithm: ConvolutionAlgorithm) throws {
    let c = try Self.cases()[index]
    let network = try Self.network(c, algorithm: algorithm)
    #expect(network.parameterCount == c.parameterCount)
    let plan = try network.trainingPass(images: c.images, height: c.height, width: c.widthPixels)
    plan.withInput { input in
      for (i, value) in Self.uniform(c.seed, input.count).enumerated() { input[i] = Float(value) }
    }
    if OneDNN.instructionSet.hasPrefix("avx2") || OneDNN.instructionSet.hasPrefix("avx512") {
      let found = plan.report.algorithms.values.filter { $0 == algorithm.rawValue }.count
      switch algorithm {
      case .direct, .tiledWinograd: #expect(found > 0)
      // The library has them up to 3.1, and for channels in whole blocks of 16.
      case .winograd: #expect(found > 0 || c.width % 16 != 0 || !OneDNN.version.hasPrefix("3.1."))
      // U-Net has four transposed convolutions of three passes each, SegNet has none.
      case .matrixProduct: #expect(found == (c.name == "unet" ? 12 : 0))
      }
    }
    let labels = Self.labels(c)
    var adam = PlainAdam()
    for step in 0..<10 {
      try plan.forward()
      let logits = Self.logitValues(try plan.logits)
      let loss = try Self.crossEntropy(plan, labels)
      try plan.backward()
      if step == 0 {
        // Winograd's transforms cost a few more bits than direct sums, in each of the layers.
        let tolerance = max(algorithm == .direct ? 1e-5 : 3e-5, 2 * Self.relativeError(c.float32.logits, c.float64.logits))
        #expect(Self.relativeError(logits, c.float64.logits) < tolerance, "\(c.name) logits")
        #expect(abs(loss - c.float64.losses[0]) < 1e-6 * max(1, loss))
        for tensor in try network.canonicalTensors(of: network.gradients) {
          let (double, single) = (try #require(c.float64.gradients[tensor.name]), try #require(c.float32.gradients[tensor.name]))
          let error = Self.relativeError(tensor.values, double)
          #expect(error < 1e-4, "\(c.name) gradient of \(tensor.name): \(error)")
          #expect(Self.relativeError(tensor.values, single) < 2e-4, "\(c.name) gradient of \(tensor.name) in float32")
        }
        for tensor in network.runningStatistics {
          #expect(Self.relativeError(tensor.values, try #require(c.float64.statistics[tensor.name])) < 1e-5, "\(c.name) \(tensor.name)")
        }
      }
      // The gradient jumps where rounding moves an activation across a ReLU's kink, or a maximum to another place. The oracle's seeds keep
      // away from that in the first step, which the checks above are strict about; Adam makes whole steps of the rounding of tiny gradients,
      // so that the later ones are only followed roughly.
      let drift = (0...step).map { abs(c.float32.losses[$0] - c.float64.losses[$0]) }.max() ?? 0
      let allowed = (step == 0 ? 1e-6 : 0.02) * c.float64.losses[step] + 3 * drift
      let error = abs(loss - c.float64.losses[step])
      #expect(error < allowed, "\(c.name) step \(step): \(loss), PyTorch \(c.float64.losses[step]), its drift \(drift)")
      adam.update(network)
    }
    for tensor in try network.canonicalTensors(of: network.parameters) {
      let double = try #require(c.float64.parameters[tensor.name])
      let error = Self.relativeError(tensor.values, double)
      let drift = Self.relativeError(try #require(c.float32.parameters[tensor.name]), double)
      #expect(error < 0.02 + 4 * drift, "\(c.name) parameter \(tensor.name) after ten steps: \(error), PyTorch's drift \(drift)")
    }
    let inference = try network.inferencePass(images: c.images, height: c.height, width: c.widthPixels)
    inference.withInput { input in
      for (i, value) in Self.uniform(c.seed, input.count).enumerated() { input[i] = Float(value) }
    }
    try inference.forward()
    let error = try Self.relativeError(Self.logitValues(inference.logits), c.float64.evaluation)
    let drift = Self.relativeError(c.float32.evaluation, c.float64.evaluation)
    #expect(error < 0.05 + 4 * drift, "\(c.name) evaluation: \(error), PyTorch's drift \(drift)")
  }

  /// Blocks of 16 are AVX-512's; elsewhere the library's reference loops stand in for its kernels, and ours are the same.
  @Test(arguments: 0..<2, [8, 16])
  func matchesPyTorchInBlocks(index: Int, channelBlock: Int) throws {
    let c = try Self.cases()[index]
    let network = try Self.network(c, channelBlock: channelBlock)
    let plan = try network.trainingPass(images: c.images, height: c.height, width: c.widthPixels)
    #expect(try plan.logits.blockSize == channelBlock)
    plan.withInput { input in
      for (i, value) in Self.uniform(c.seed, input.count).enumerated() { input[i] = Float(value) }
    }
    try plan.forward()
    #expect(try Self.relativeError(Self.logitValues(plan.logits), c.float64.logits) < 1e-5)
    _ = try Self.crossEntropy(plan, Self.labels(c))
    try plan.backward()
    for tensor in try network.canonicalTensors(of: network.gradients) {
      let error = Self.relativeError(tensor.values, try #require(c.float64.gradients[tensor.name]))
      #expect(error < 1e-4, "\(c.name) gradient of \(tensor.name): \(error)")
    }
  }
}
