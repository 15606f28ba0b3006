import Datasets
import Images
import Networks
import Tensors

/// A network that only predicts, with all that an image needs to become its input.
public struct InferenceNetwork {
  /// The network.
  public var network: Network
  /// The numbers that it computes with.
  public var parameters: ParameterSet
  /// What is added to the scores of each class, as an objective with post-hoc adjustment asks for.
  public var offsets: [Double]?
  /// How images become input.
  public var pipeline: any InputPipeline
  /// Names of the classes.
  public var classNames: [String]
  /// Other networks of the same classes, whose probabilities are averaged with this one's: an ensemble.
  public var companions: [InferenceNetwork] = []

  /// Creates an inference network.
  /// - Parameter parameters: the network's own when not given.
  public init(
    _ network: Network, parameters: ParameterSet? = nil, offsets: [Double]? = nil, pipeline: any InputPipeline, classNames: [String]
  ) {
    (self.network, self.parameters, self.offsets) = (network, parameters ?? network.parameterSet, offsets)
    (self.pipeline, self.classNames) = (pipeline, classNames)
  }

  /// An image size padded to what the network divides by.
  public func padded(_ size: ImageSize) -> ImageSize {
    let multiple = network.graph.strideMultiple
    func up(_ value: Int) -> Int { (value + multiple - 1) / multiple * multiple }
    return ImageSize(width: up(size.width), height: up(size.height))
  }

  /// Runs the network on one image.
  /// - Parameters:
  ///   - image: already of the size that the network is to see; padded at the right and below.
  ///   - ports: what is computed.
  ///   - canvas: what it is padded to where images lie on a canvas of a fixed size; only as far as needed if nil.
  /// - Returns: the plan, whose ports hold what was found until it runs again, and the padded size.
  /// - Throws: `LongtailError` when the network cannot take the size.
  public func forward(_ image: RGBImage, ports: Set<Port> = [.logits], canvas: ImageSize? = nil) throws -> (plan: Plan, padded: ImageSize) {
    let padded = padded(canvas ?? ImageSize(width: image.width, height: image.height))
    let plan = try network.inferencePlan(images: 1, height: padded.height, width: padded.width, ports: ports)
    let input = HostBuffer(floatCount: 3 * padded.height * padded.width)
    _ = try input.withFloats { try pipeline.write(image, height: padded.height, width: padded.width, to: $0) }
    try plan.forward(parameters, images: BatchImages(input))
    return (plan, padded)
  }
  /// What a plan of this network has computed.
  public func outputs(of plan: Plan) -> NetworkOutputs { NetworkOutputs(of: plan, network, parameters, offsets: offsets) }
}
