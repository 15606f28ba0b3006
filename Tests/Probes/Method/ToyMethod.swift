import Foundation
import Networks
import Objectives
import Tensors
import Training

/// Everything at once, as small as it gets: a teacher, a momentum copy that looks at the second view, a queue and a bank over all ranks, rows
/// with weights and second labels, and a second network behind a pooling link. Nothing outside of this file knows of it.
struct ToyMethod: Method {
  static let classes = 4
  private static let projection = PortPlace(port: "projection")
  private static let key = PortPlace(network: "key", port: "projection", view: 1)

  /// The network in front: features, and two projections of their mean.
  static var graph: Graph {
    var graph = Graph(inputChannels: 3, strideMultiple: 4)
    var x = graph.add(Convolution(filters: 8, kernel: 3, padding: 1, bias: false), named: "stem", to: graph.input)
    x = graph.add(BatchNormalization(rectified: true), named: "norm", to: x)
    x = graph.add(Convolution(filters: 16, kernel: 3, stride: 2, padding: 1, bias: false), named: "down", to: x)
    x = graph.add(BatchNormalization(rectified: true), named: "norm2", to: x)
    graph.addPort(Port("features"), x)
    let mean = graph.add(GlobalAveragePooling(), named: "mean", to: x)
    graph.addPort(Port("imitation"), graph.add(Convolution(filters: 8, kernel: 1), named: "imitation", to: mean))
    graph.addPort(Port("projection"), graph.add(Convolution(filters: 8, kernel: 1), named: "projection", to: mean))
    return graph
  }

  /// The network behind it: class scores, a row for each image.
  private static var head: Graph {
    var graph = Graph(inputChannels: 16, strideMultiple: 1)
    graph.inputOrder = .channelBlocks
    var x = graph.add(Convolution(filters: 16, kernel: 3, padding: 1, bias: false), named: "conv", to: graph.input)
    x = graph.add(BatchNormalization(rectified: true), named: "norm", to: x)
    x = graph.add(GlobalAveragePooling(), named: "mean", to: x)
    graph.add(Convolution(filters: classes, kernel: 1), named: "fc", to: x)
    return graph
  }

  func parts(_ setup: MethodSetup) throws -> StepParts {
    let teacher = try Partner("teacher", setup.network(ToyMethod.graph, number: 7), mode: .inference)
    let key = try setup.copy(named: "key", mode: .observing)
    let queue = try RowQueue("queue", of: ToyMethod.key, width: 8, capacity: 20)
    let bank = try FeatureBank("bank", of: ToyMethod.projection, width: 8, depths: [1, 1, 2, 2])
    let link = PoolingLink(of: PortPlace(port: "features"), width: setup.width / 2)
    let head = try setup.chained("head", ToyMethod.head, behind: link, height: setup.height / 4, width: setup.width / 4)
    return StepParts(
      partners: [teacher, key], chain: [head],
      terms: [
        RowTerm("objective", setup.objective, at: PortPlace(network: "head", port: "logits")),
        ToyMethod.imitation(weight: 0.5), ToyMethod.contrast(queue, temperature: 0.5),
      ],
      followers: [try MomentumCopy(key, of: setup.student, momentum: 0.75), queue, bank])
  }

  /// 1/2 |x - t|^2 with the teacher's row t.
  private static func imitation(weight: Double) -> RowwiseTerm {
    let place = PortPlace(network: "teacher", port: "imitation")
    return RowwiseTerm("imitation", at: PortPlace(port: "imitation"), reading: [place], weight: weight) { inputs in
      let teacher = try inputs.values(place)
      var target = [Float](repeating: 0, count: teacher.classes)
      return { row, x, gradient in
        teacher.copyRow(row, 0, into: &target)
        var sum = 0.0
        for k in x.indices {
          gradient[k] = x[k] - target[k]
          sum += 0.5 * Double(gradient[k]) * Double(gradient[k])
        }
        return sum
      }
    }
  }

  /// -log of the share of exp(q k / T) among the row's own key k and the queue's rows of other classes.
  private static func contrast(_ queue: RowQueue, temperature: Double) -> RowwiseTerm {
    RowwiseTerm("contrast", at: projection, reading: [key]) { inputs in
      let (keys, labels) = (try inputs.values(key), inputs.targets.labels)
      var own = [Float](repeating: 0, count: keys.classes)
      return { row, q, gradient in
        keys.copyRow(row, 0, into: &own)
        var rows = [own]
        queue.withRows { stored in
          for slot in 0..<queue.count where queue.labels[slot] != Int(labels[row]) {
            rows.append(Array(stored[slot * q.count..<(slot + 1) * q.count]))
          }
        }
        let scores = rows.map { row in zip(row, q).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } / temperature }
        let top = scores.max() ?? 0
        let total = scores.reduce(0) { $0 + exp($1 - top) }
        for (index, row) in rows.enumerated() {
          let share = exp(scores[index] - top) / total - (index == 0 ? 1 : 0)
          for k in q.indices { gradient[k] += Float(share / temperature) * row[k] }
        }
        return top + log(total) - scores[0]
      }
    }
  }
}

/// The mean of two by two positions.
private final class PoolingLink: Link {
  let ports: [PortPlace]
  private let width: Int

  /// - Parameter width: columns of the port.
  init(of port: PortPlace, width: Int) { (ports, self.width) = ([port], width) }

  /// The positions of the port behind each of the input's.
  private func positions(_ row: Int) -> [Int] {
    let corner = 2 * (row / (width / 2)) * width + 2 * (row % (width / 2))
    return [corner, corner + 1, corner + width, corner + width + 1]
  }

  func forward(_ inputs: StepInputs, into input: RowsView) throws {
    let source = try inputs.values(ports[0])
    for image in 0..<input.images {
      for row in 0..<input.rowsPerImage {
        for k in 0..<input.classes {
          let sum = source.buffer.withFloats { floats in
            positions(row).reduce(Float(0)) { $0 + floats[source.index(image: image, row: $1, class: k)] }
          }
          input.buffer.withFloats { $0[input.index(image: image, row: row, class: k)] = sum / 4 }
        }
      }
    }
  }

  func backward(_ inputs: StepInputs, gradient: RowsView) throws {
    let target = try inputs.gradient(ports[0])
    for image in 0..<gradient.images {
      for row in 0..<gradient.rowsPerImage {
        for k in 0..<gradient.classes {
          let share = gradient.buffer.withFloats { $0[gradient.index(image: image, row: row, class: k)] / 4 }
          target.buffer.withFloats { for p in positions(row) { $0[target.index(image: image, row: p, class: k)] = share } }
        }
      }
    }
  }
}
