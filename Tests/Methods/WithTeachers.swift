import Datasets
import Networks
import Tensors
import Training

/// A method with teachers, which begin with numbers of their own.
package struct WithTeachers: Method {
  private let base: any Method
  private let teachers: [Graph]

  /// - Parameter teachers: their graphs.
  package init(_ base: any Method, _ teachers: [Graph]) { (self.base, self.teachers) = (base, teachers) }

  package var viewCount: Int { base.viewCount }
  package var needsSampleClasses: Bool { base.needsSampleClasses }
  package func graph(_ graph: Graph) throws -> Graph { try base.graph(graph) }
  package func trained(_ graph: Graph) throws -> [String]? { try base.trained(graph) }
  package func sampler(_ usual: any Sampler, _ context: SamplerContext, globalBatch: Int) throws -> any Sampler {
    try base.sampler(usual, context, globalBatch: globalBatch)
  }

  package func parts(_ setup: MethodSetup) throws -> StepParts {
    var setup = setup
    setup.setPartners(
      try teachers.enumerated().map { index, graph in
        try Partner("teacher\(index)", setup.network(graph, number: 7 + index), mode: .inference)
      })
    return try base.parts(setup)
  }
}
