import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Where a run was cut off, how, on how many ranks it went on, and what was trained.
struct ResumeCell: Sendable, CustomTestStringConvertible {
  /// The place in the run: an epoch has three steps, the last of them with one image; four epochs.
  enum Stop: String, Sendable, CaseIterable {
    case midEpoch, lastOfEpoch, firstOfEpoch, duringEvaluation

    /// The last step before the stop.
    var step: Int {
      switch self {
      case .midEpoch: 5
      case .lastOfEpoch, .duringEvaluation: 6
      case .firstOfEpoch: 7
      }
    }
  }

  /// What ends the first part.
  enum Cause: String, Sendable, CaseIterable {
    /// `training.steps` is reached.
    case limit
    /// SIGUSR1 to rank zero.
    case userSignal
    /// SIGTERM to rank zero.
    case termination
    /// SIGKILL of rank zero.
    case killedRoot
    /// SIGKILL of rank one, while it loads images.
    case killedOther

    /// What `mpirun`, or the program itself, then returns.
    var exitCode: Int32 {
      switch self {
      case .limit: 0
      case .userSignal, .termination: 75
      case .killedRoot, .killedOther: 137
      }
    }
  }

  /// What is trained.
  enum Feature: String, Sendable, CaseIterable {
    case homogenization, seesaw, eqlv2, deferredReweighting, logitVariation, localBatchNorm, momentum, fewImages

    var settings: [String] {
      switch self {
      case .homogenization:
        ["objective={name: pat, settings: {exponent: 1, homogenization: rotograd, statistic: logits, maximumScale: 20}}"]
      case .seesaw: ["objective={name: seesaw, settings: {}}"]
      case .eqlv2: ["objective={name: eqlv2, settings: {}}"]
      // The weights begin after the stop.
      case .deferredReweighting: ["objective={name: deferredReweighting, settings: {fromEpoch: 3, beta: 0.99999}}"]
      case .logitVariation: ["objective={name: balancingLogitVariation, settings: {}}"]
      case .localBatchNorm: ["model.batchNorm=local"]
      case .momentum: ["optimizer={name: sgd, learningRate: 0.01, momentum: 0.9, nesterov: true}", "gradientClipping=1"]
      // Two images and then one a step: on four ranks two or three have none.
      case .fewImages: ["training.globalBatch=2", "training.epochs=6"]
      }
    }

    /// Training images on the disk; seven are no multiple of a batch of three.
    var images: Int { self == .fewImages ? 3 : 7 }
  }

  var before = 1
  var after = 1
  var stop = Stop.midEpoch
  var cause = Cause.userSignal
  var feature = Feature.homogenization

  /// Steps of the whole run.
  static let steps = 12

  var testDescription: String { "\(before) -> \(after) ranks, \(stop.rawValue), \(cause.rawValue), \(feature.rawValue)" }

  /// The first label file of the evaluation after the sixth step, by how many rank zero has opened until then.
  private var evaluationCall: Int {
    // Its share of three images, once for the class counts, and at each of the evaluations before: one of an epoch of three steps, two of
    // epochs of two.
    let share = (3 + before - 1) / before
    return share * (feature == .fewImages ? 3 : 2) + 1
  }

  /// What the first part is started with beside the common settings, and what goes wrong in it.
  func firstPart() throws -> (settings: [String], environment: [String: String]) {
    let root = before > 1 ? 0 : nil as Int?
    func inEvaluation(_ action: SystemFault.Action) throws -> [String: String] {
      try SystemFault.environment(SystemFault(path: "/val/labels/", calls: ["open"], at: evaluationCall, action, rank: root))
    }
    func atLogLine(_ line: Int, _ action: SystemFault.Action) throws -> [String: String] {
      try SystemFault.environment(SystemFault(path: "/log.jsonl", calls: ["write"], at: line, action, rank: root))
    }
    switch cause {
    case .limit: return (["training.steps=\(stop.step)"], [:])
    case .userSignal, .termination:
      let action = SystemFault.Action.signal(cause == .userSignal ? SIGUSR1 : SIGTERM)
      // What comes while a step is written down is agreed on in the next one.
      return ([], try stop == .duringEvaluation ? inEvaluation(action) : atLogLine(stop.step - 1, action))
    case .killedRoot:
      // With the next save under way, that of the step in question is on the disk.
      return ([], try stop == .duringEvaluation ? inEvaluation(.kill) : atLogLine(stop.step + 2, .kill))
    case .killedOther:
      // Its share of the labels was read once for the class counts, and is read again in each epoch.
      return (
        ["data.loader.cacheMegabytes=0"],
        try SystemFault.environment(SystemFault(path: "/train/labels/", calls: ["open"], at: 9, .kill, rank: 1))
      )
    }
  }
}

extension ResumeCell {
  /// Always tried: each axis has each of its values somewhere, as far as two ranks go.
  static let quick: [ResumeCell] = [
    ResumeCell(stop: .midEpoch, cause: .userSignal, feature: .homogenization),
    ResumeCell(before: 2, after: 2, stop: .lastOfEpoch, cause: .killedRoot, feature: .seesaw),
    ResumeCell(before: 2, after: 2, stop: .duringEvaluation, cause: .termination, feature: .localBatchNorm),
    ResumeCell(before: 2, after: 1, stop: .firstOfEpoch, cause: .limit, feature: .deferredReweighting),
    ResumeCell(before: 1, after: 2, stop: .firstOfEpoch, cause: .userSignal, feature: .eqlv2),
    ResumeCell(before: 2, after: 2, cause: .killedOther, feature: .homogenization),
  ]

  /// Every place with every cause at equal ranks; every feature at equal ranks and over each change of their number.
  static var all: [ResumeCell] {
    var cells: [ResumeCell] = []
    for ranks in [1, 2, 4] {
      for cause in Cause.allCases {
        for stop in Stop.allCases {
          // A limit is reached at a step; and where another rank is killed is its own affair.
          if cause == .limit, stop == .duringEvaluation { continue }
          if cause == .killedOther, ranks == 1 || stop != .midEpoch { continue }
          cells.append(ResumeCell(before: ranks, after: ranks, stop: stop, cause: cause))
        }
      }
      for feature in Feature.allCases where feature != .homogenization {
        cells.append(ResumeCell(before: ranks, after: ranks, feature: feature))
      }
    }
    for (before, after) in [(1, 2), (2, 4), (4, 1)] {
      for feature in Feature.allCases where feature != .localBatchNorm {
        cells.append(ResumeCell(before: before, after: after, feature: feature))
      }
      for stop in Stop.allCases where stop != .midEpoch {
        cells.append(ResumeCell(before: before, after: after, stop: stop, cause: .killedRoot))
      }
    }
    return cells
  }
}
