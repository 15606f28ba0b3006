import Kernels
import Models
import Tensors
import TestSupport
import Testing
import Threading

@testable import Networks

/// Gradients that lie in the same memory, and normalizations that are left to their readers, against a plan that has neither.
@Suite(.computePool) struct JoinedGradientsTests {
  /// A port for every activation: each then has memory of its own and is computed by itself.
  static func apart(_ graph: Graph) -> Graph {
    var graph = graph
    for node in graph.nodes where node.output != graph.output { graph.addPort(Port("test.\(node.name)"), node.output) }
    return graph
  }

  static func gradients(_ graph: Graph, size: Int, algorithms: AlgorithmPolicy) throws -> (floats: [Float], report: PlanReport) {
    var options = PlanOptions(algorithms: algorithms)
    options.channelBlock = 8
    let network = try Network(graph: graph, images: 3, height: size, width: size, seed: 5, options: options)
    var pass = try network.trainingPass(images: 3, height: size, width: size)
    pass.streams = (0..<3).map { CounterRandom(seed: 3, purpose: .dropout, sample: $0) }
    let channels = graph.inputChannels * size * size
    pass.withInput { for i in $0.indices { $0[i] = Float((i * 7919 + i / channels) % 211) / 100 - 1 } }
    try pass.forward()
    let gradient = try pass.logitsGradient
    gradient.buffer.withFloats { floats in
      for image in 0..<gradient.images {
        for row in 0..<gradient.rowsPerImage {
          for k in 0..<gradient.classes {
            floats[gradient.index(image: image, row: row, class: k)] = Float((image * 31 + row * 17 + k * 7) % 13) / 6 - 1
          }
        }
      }
    }
    try pass.backward()
    return (network.gradients.withFloats { Array($0) }, pass.report)
  }

  @Test(arguments: [
    "resnet20:16:16", "resnet10-small:32:16", "resnet18:64:64", "resnet50:64:64", "fpn-resnet18:64:64", "deeplabv3-resnet18:64:64",
  ])
  func gradientsAreThoseOfSeparateMemory(model: String) throws {
    let parts = model.split(separator: ":").map(String.init)
    let graph = try ModelRegistry.make(parts[0], width: Int(parts[1]) ?? 16, classes: 5)
    let size = Int(parts[2]) ?? 32
    for algorithms in [AlgorithmPolicy.fixed(.tiledWinograd), .fixed(.direct), .model()] {
      let joined = try Self.gradients(graph, size: size, algorithms: algorithms)
      let apart = try Self.gradients(Self.apart(graph), size: size, algorithms: algorithms)
      #expect(joined.floats.contains { $0 != 0 })
      #expect(joined.floats.allSatisfy { $0.isFinite })
      #expect(joined.floats == apart.floats)
      #expect(joined.report.copies.count <= apart.report.copies.count)
    }
  }

  @Test func residualBlocksCopyNoGradients() throws {
    let graph = Graph.cifarResNet(layers: 20, classes: 5)
    let found = try Self.gradients(graph, size: 16, algorithms: .fixed(.tiledWinograd)).report
    // The tiles add to the gradients of shortcuts; convolutions with strides cannot.
    let layers = found.copies.map { String($0.prefix { $0 != ":" }) }
    #expect(layers == ["layer2.0.conv1", "layer3.0.conv1"])
    #expect(found.recomputed.isEmpty)
  }

  @Test func whichGradientsAreJoined() throws {
    var graph = Graph(inputChannels: 8, strideMultiple: 1)
    func convolution(_ name: String, _ x: Graph.Value) -> Graph.Value {
      graph.add(Convolution(filters: 8, kernel: 3, padding: 1), named: name, to: x)
    }
    let a = convolution("a", graph.input)
    let b = convolution("b.1", convolution("b.0", a))
    let c = graph.add(Addition(), named: "c", to: b, a)
    let d = convolution("d.1", convolution("d.0", c))
    let e = graph.add(Addition(), named: "e", to: c, d)
    // The producer of the later input would add to the gradient that it reads.
    let f = convolution("f", e)
    let g = graph.add(Addition(), named: "g", to: e, f)
    // Somebody else reads the later input too.
    let h = convolution("h.1", convolution("h.0", g))
    let i = graph.add(Addition(), named: "i", to: g, h)
    let j = graph.add(Addition(), named: "j", to: convolution("k", i), h)
    _ = convolution("l", j)
    let joined = JoinedGradients(graph, BackwardExtent(graph, trained: .all, inputGradient: false))
    #expect(joined.home(of: c) == a && joined.home(of: b) == a && joined.isReadOnly(b) && !joined.isReadOnly(a))
    #expect(joined.home(of: d) == c && joined.home(of: e) == c)
    #expect(joined.home(of: f) == nil && joined.home(of: g) == nil)
    #expect(joined.home(of: h) == nil && joined.home(of: i) == nil)
  }

  @Test func searchesLookAtNormalizationsThatAreLeftToReaders() throws {
    var graph = Graph(inputChannels: 3, strideMultiple: 1)
    let a = graph.add(Convolution(filters: 16, kernel: 3, padding: 1, bias: false), named: "a", to: graph.input)
    let b = graph.add(BatchNormalization(rectified: true), named: "b", to: a)
    graph.add(Convolution(filters: 16, kernel: 3, padding: 1, bias: false), named: "c", to: b)
    var options = PlanOptions(algorithms: .fixed(.tiledWinograd))
    options.channelBlock = 8
    let network = try Network(graph: graph, images: 2, height: 16, width: 16, seed: 5, options: options)
    let pass = try network.trainingPass(images: 2, height: 16, width: 16)
    pass.withInput { for i in $0.indices { $0[i] = Float(i % 11) - 5 } }
    try pass.forward()
    #expect(try pass.plan.firstNonFiniteOutput() == nil)
    let offset = try #require(network.layout.entry("b.bias")).offset
    network.parameters.withFloats { $0[offset + 3] = .infinity }
    try pass.forward()
    #expect(try pass.plan.firstNonFiniteOutput()?.layer == "b")
  }
}
