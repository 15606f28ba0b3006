import Networks
import Tensors

/// A trained network as other programs take it over: the graph with its numbers, and what is needed to feed it and to read its
/// output.
package struct TrainedModel: Sendable {
  /// What is computed.
  package var graph: Graph
  /// Parameters and running statistics, in canonical layouts and PyTorch's names.
  package var tensors: [NamedTensor]
  /// The model's name: `unet`.
  package var name: String
  /// The classes, in the order of the logits.
  package var classNames: [String]
  /// Their colours as `#rrggbb`; empty where they are not known.
  package var classColours: [String]
  /// What is taken from each channel R, G, B, in units of 0 to 1.
  package var mean: [Double]
  /// What each channel is then divided by.
  package var standardDeviation: [Double]
  /// What is added to the logits before the best class is taken; empty for nothing.
  package var predictionOffsets: [Double]
  /// The values of images of 16 bits that become 0 and 255; nil where images have 8 bits.
  package var range: [Int]?
  /// More for whoever reads the file, such as step and version.
  package var notes: [String: String] = [:]

  /// Creates a trained model.
  package init(
    graph: Graph, tensors: [NamedTensor], name: String, classNames: [String], classColours: [String] = [], mean: [Double],
    standardDeviation: [Double], predictionOffsets: [Double] = []
  ) {
    (self.graph, self.tensors, self.name) = (graph, tensors, name)
    (self.classNames, self.classColours) = (classNames, classColours)
    (self.mean, self.standardDeviation, self.predictionOffsets) = (mean, standardDeviation, predictionOffsets)
  }

  /// What both formats carry as text: lists are JSON.
  package var metadata: [String: String] {
    func list(_ numbers: [Double]) -> String { "[" + numbers.map { "\($0)" }.joined(separator: ",") + "]" }
    func list(_ texts: [String]) -> String { "[" + texts.map(SettingValue.quoted).joined(separator: ",") + "]" }
    var pairs = notes
    pairs["model"] = name
    pairs["classNames"] = list(classNames)
    if !classColours.isEmpty { pairs["classColours"] = list(classColours) }
    pairs["mean"] = list(mean)
    pairs["standardDeviation"] = list(standardDeviation)
    pairs["strideMultiple"] = "\(graph.strideMultiple)"
    pairs["input"] =
      "float32 N,3,H,W; planes R, G, B; (value / 255 - mean) / standardDeviation; H and W are multiples of \(graph.strideMultiple)"
    if let range, range.count == 2 {
      pairs["range"] = "[\(range[0]),\(range[1])]"
      pairs["input"]? +=
        "; value of an image of 16 bits is round(255 * (clamp(v, \(range[0]), \(range[1])) - \(range[0])) / \(range[1] - range[0]))"
    }
    if !predictionOffsets.isEmpty { pairs["predictionOffsets"] = list(predictionOffsets) }
    return pairs
  }

  /// Writes a safetensors file: all tensors under PyTorch's names, with the metadata.
  /// - Throws: `LongtailError(.inputOutput)`.
  package func writeSafetensors(to path: String) throws { try SafetensorsFile.write(tensors, metadata: metadata, to: path) }
}
