import Networks
import Tensors

/// A plan with a network's own numbers and images that stay in one place, for tests that do several passes.
struct TestPass {
  let network: Network
  let plan: Plan
  private let buffer: HostBuffer
  var streams: [CounterRandom] = []

  init(_ network: Network, _ plan: Plan) {
    self.network = network
    self.plan = plan
    buffer = HostBuffer(floatCount: plan.images * network.graph.inputChannels * plan.shape.height * plan.shape.width)
  }

  var images: Int { plan.images }
  var report: PlanReport { plan.report }
  var logits: RowsView { get throws { try plan.logits() } }
  var logitsGradient: RowsView { get throws { try plan.logitsGradient() } }

  func withInput<Result>(_ body: (UnsafeMutableBufferPointer<Float>) throws -> Result) rethrows -> Result {
    try buffer.withFloats(body)
  }

  func forward(_ set: ParameterSet? = nil) throws {
    try plan.forward(set ?? network.parameterSet, images: BatchImages(buffer), streams: streams)
  }

  func backward() throws { try plan.backward(into: network.gradients) }
}

extension Network {
  func trainingPass(images: Int, height: Int, width: Int) throws -> TestPass {
    TestPass(self, try trainingPlan(images: images, height: height, width: width))
  }

  func inferencePass(images: Int, height: Int, width: Int) throws -> TestPass {
    TestPass(self, try inferencePlan(images: images, height: height, width: width))
  }
}
