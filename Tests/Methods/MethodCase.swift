import Configuration
import Networks
import Objectives
import Tensors
import Training

/// A method with what it needs to run on `MethodImages`: an entry of the list that all tests of methods go through.
package struct MethodCase: Sendable {
  /// The name, also in the oracle's file.
  package let name: String
  /// The method's name in its registry.
  package var method = "plain"
  /// Its settings.
  package var settings: [String: SettingValue] = [:]
  /// The objective's name in its registry.
  package var objective = "crossEntropy"
  /// Its settings.
  package var objectiveSettings: [String: SettingValue] = [:]
  /// What stands behind the features.
  package var head = SmallHead()
  /// Whether all classes come alike.
  package var isBalanced = false
  /// Whether samples have second labels.
  package var isMixed = false
  /// The heads of the teachers.
  package var teachers: [SmallHead] = []
  /// Leaves that the oracle has two numbers of, by its name.
  package var leaves = ["fc": "model.fc.weight"]

  /// All methods. A new one joins here, with a line in `Oracle/method_trajectories.py`.
  package static let all: [MethodCase] = [
    MethodCase(name: "crossEntropy"),
    MethodCase(name: "balancedSoftmax", objective: "balancedSoftmax"),
    MethodCase(name: "logitAdjustment", objective: "logitAdjustment", objectiveSettings: ["temperature": .double(1.5)]),
    MethodCase(name: "focal", objective: "focal", objectiveSettings: ["gamma": .double(2)]),
    MethodCase(name: "classBalanced", objective: "classBalanced", objectiveSettings: ["beta": .double(0.99)]),
    MethodCase(
      name: "ldamDRW", objective: "ldam",
      objectiveSettings: [
        "scale": .double(5), "reweighting": .string("deferred"), "fromEpoch": .int(3), "beta": .double(0.99),
      ]),
    MethodCase(name: "mixup", objective: "balancedSoftmax", isMixed: true),
    MethodCase(name: "pat", objective: "pat"),
    MethodCase(name: "classifierRetraining", method: "classifierRetraining", isBalanced: true),
    MethodCase(
      name: "decoupledBalancedSoftmax", method: "classifierRetraining", settings: ["statistics": .string("drifting")],
      objective: "balancedSoftmax"),
    MethodCase(
      name: "learnableWeightScaling", method: "learnableWeightScaling", head: SmallHead(isScaled: true), isBalanced: true),
    MethodCase(
      name: "balancedMetaSoftmax", method: "balancedMetaSoftmax",
      settings: ["metaBatch": .int(3), "metaLearningRate": .double(0.1)], objective: "balancedSoftmax",
      leaves: ["fc": "model.fc.weight", "sampler.theta": "sampler.theta"]),
    MethodCase(
      name: "classBalancedDistillation", method: "classBalancedDistillation", settings: ["beta": .double(5)], isBalanced: true,
      teachers: [SmallHead()]),
    MethodCase(
      name: "classBalancedDistillation2", method: "classBalancedDistillation", settings: ["beta": .double(5)],
      head: SmallHead(projection: 32, isClassified: true), isBalanced: true, teachers: [SmallHead(), SmallHead()]),
    breadcrumb("breadcrumb", "wait"),
    breadcrumb("breadcrumbShorter", "shorter"),
    MethodCase(
      name: "selfSupervision", method: "selfSupervision",
      settings: ["temperature": .double(0.5), "momentum": .double(0.9), "queueLength": .int(20)], head: SmallHead(projection: 8),
      leaves: [
        "fc": "model.fc.weight", "keys.keys": "keys.keys", "key.conv2.weight": "key.conv2.weight",
        "key.bn2.running_var": "key.bn2.running_var",
      ]),
    MethodCase(
      name: "selfDistillation", method: "selfDistillation", head: SmallHead(hasFurther: true), teachers: [SmallHead(isScaled: true)]),
    MethodCase(
      name: "calibratedActivationMaps", method: "calibratedActivationMaps", settings: ["scale": .double(4), "classesUsed": .int(2)]),
  ]

  private static func breadcrumb(_ name: String, _ startup: String) -> MethodCase {
    MethodCase(
      name: name, method: "breadcrumb", settings: ["startup": .string(startup)],
      leaves: [
        "fc": "model.fc.weight", "balancedHead.head.weight": "balancedHead.head.weight",
        "balancedHead.head.bias": "balancedHead.head.bias",
      ])
  }
}
