import Collectives
import Datasets
import Networks
import Tensors
import Threading

/// A training step with the model's algorithms against one with those that are fastest by the clock.
package struct StepComparison: Sendable {
  /// The network.
  package var model: String
  /// Images of a step.
  package var images: Int
  /// Compute threads.
  package var threads: Int
  /// Seconds of each step with the model's algorithms.
  package var byModel: [Double] = []
  /// The same with measured ones, taken in turns.
  package var measured: [Double] = []
  /// Seconds until the first is ready.
  package var modelSetup = 0.0
  /// Seconds until the second is.
  package var measuredSetup = 0.0

  /// How many times as long the model's step takes, by the medians.
  package var ratio: Double {
    guard let byModel = byModel.median, let measured = measured.median else { return 1 }
    return byModel / measured
  }
}

extension KernelGrid {
  /// Times whole steps instead of kernels: two copies of each network, one with the model's algorithms and one with measured ones, in
  /// turns, so that both see the same machine.
  /// - Parameters:
  ///   - seconds: how long the steps of a network go on, after at least three of each.
  ///   - progress: receives each network before it is timed.
  /// - Throws: `LongtailError` for unknown networks, or when one cannot be compiled.
  package func compareSteps(seconds: Double, progress: (StepComparison) -> Void) throws -> [StepComparison] {
    let communicator = SingleProcess()
    let clock = ContinuousClock()
    var found: [StepComparison] = []
    for count in threads {
      ComputePool.configure(threadCount: count)
      for images in batches {
        for model in models {
          var comparison = StepComparison(model: model.description, images: images, threads: count)
          progress(comparison)
          func learner(_ algorithms: String) throws -> (learner: Learner, seconds: Double) {
            var options = StepBenchmark.Options()
            options.size = size
            options.classes = classes
            options.configuration.objective.name = "crossEntropy"
            options.configuration.training.globalBatch = images
            (options.configuration.model.name, options.configuration.model.width) = (model.name, model.width)
            try options.apply(overrides: ["engine.algorithms=\(algorithms)"])
            let start = clock.now
            let made = try StepBenchmark(options).makeLearner(communicator)
            return (made, start.duration(to: clock.now).inSeconds)
          }
          let (byModel, measured) = (try learner("model"), try learner("measured"))
          (comparison.modelSetup, comparison.measuredSetup) = (byModel.seconds, measured.seconds)
          let batch = Batch(
            noiseCapacity: images, height: size.height, width: size.width,
            rowsPerImage: byModel.learner.network.graph.hasLogitsOfImages ? 1 : nil)
          try batch.fillWithNoise(samples: 0..<images, step: 0, classes: classes, ignoredShare: 0.05, seed: 1)
          func time(_ learner: Learner) throws -> Double {
            let start = clock.now
            _ = try learner.step(batch)
            return start.duration(to: clock.now).inSeconds
          }
          // The first steps also touch their memory for the first time.
          _ = (try time(byModel.learner), try time(measured.learner))
          var passed = 0.0
          while comparison.byModel.count < 3 || (passed < seconds && comparison.byModel.count < 50) {
            // Each comes first every other time.
            if comparison.byModel.count % 2 == 0 {
              comparison.byModel.append(try time(byModel.learner))
              comparison.measured.append(try time(measured.learner))
            } else {
              comparison.measured.append(try time(measured.learner))
              comparison.byModel.append(try time(byModel.learner))
            }
            passed += (comparison.byModel.last ?? 0) + (comparison.measured.last ?? 0)
          }
          found.append(comparison)
        }
      }
    }
    return found
  }
}
