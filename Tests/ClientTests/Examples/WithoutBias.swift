import Longtail

/// Takes the bias of the classifier away behind the last step.
struct WithoutBias: Epilogue {
  static let entry = EpilogueRegistry.Entry("withoutBias", summary: "no bias of classes", about: "It favours.") { _, _ in WithoutBias() }

  func check(_ network: Network) throws { _ = try ClassifierTensors(of: network, for: "epilogue withoutBias") }

  func apply(_ context: EpilogueContext) throws {
    let head = try ClassifierTensors(of: context.network, for: "epilogue withoutBias")
    try head.write(biases: [Float](repeating: 0, count: head.classes), to: context.network.parameters)
  }
}
