import Optimizers
import Tensors
import TestSupport
import Testing
import Threading

@Suite(.computePool) struct OptimizerTests {
  /// The gradients of Oracle/make_optimizer_values.py.
  private func gradients(_ step: Int) -> [Float] {
    (0..<OracleValues.start.count).map { Float((step * 7 + $0 * 5) % 11 - 5) / 16 }
  }

  private func buffer(_ values: [Float]) -> HostBuffer {
    let buffer = HostBuffer(floatCount: values.count)
    fill(buffer, values)
    return buffer
  }

  private func fill(_ buffer: HostBuffer, _ values: [Float]) {
    buffer.withFloats { floats in
      for index in floats.indices { floats[index] = values[index % values.count] }
    }
  }

  private func values(_ buffer: HostBuffer) -> [Float] { buffer.withFloats { Array($0) } }

  struct Case: Sendable, CustomStringConvertible {
    var description: String
    var name: String
    var settings: [String: SettingValue]
    var rate: Double
    var double: [Double]
    var single: [Double]
  }

  static let cases = [
    Case(description: "adam", name: "adam", settings: [:], rate: 0.01, double: OracleValues.adamDouble, single: OracleValues.adamSingle),
    Case(
      description: "adam, decay", name: "adam", settings: ["beta1": 0.8, "beta2": 0.95, "epsilon": 1e-6, "weightDecay": 0.1], rate: 0.01,
      double: OracleValues.adamDecayDouble, single: OracleValues.adamDecaySingle),
    Case(
      description: "adamw", name: "adamw", settings: ["weightDecay": 0.1], rate: 0.01, double: OracleValues.adamwDouble,
      single: OracleValues.adamwSingle),
    Case(description: "sgd", name: "sgd", settings: [:], rate: 0.1, double: OracleValues.sgdDouble, single: OracleValues.sgdSingle),
    Case(
      description: "sgd, decay", name: "sgd", settings: ["weightDecay": 0.05], rate: 0.1, double: OracleValues.sgdDecayDouble,
      single: OracleValues.sgdDecaySingle),
    Case(
      description: "sgd, momentum", name: "sgd", settings: ["momentum": 0.9, "weightDecay": 0.05], rate: 0.1,
      double: OracleValues.sgdMomentumDouble, single: OracleValues.sgdMomentumSingle),
    Case(
      description: "sgd, Nesterov", name: "sgd", settings: ["momentum": 0.9, "nesterov": true, "weightDecay": 0.05], rate: 0.1,
      double: OracleValues.sgdNesterovDouble, single: OracleValues.sgdNesterovSingle),
  ]

  /// Ten steps on a buffer of several copies, so that the vector loop, its end and several threads are all met.
  @Test(arguments: cases) func matchesPyTorch(_ oracle: Case) throws {
    let copies = 7001
    let count = copies * OracleValues.start.count
    for threads in [1, 2] {
      ComputePool.configure(threadCount: threads)
      defer { ComputePool.configure(threadCount: 1) }
      let optimizer = try OptimizerRegistry.make(oracle.name, settings: oracle.settings, parameterCount: count)
      let (parameters, gradient) = (HostBuffer(floatCount: count), HostBuffer(floatCount: count))
      fill(parameters, OracleValues.start)
      for step in 0..<10 {
        // Twice the gradient and half the scale, both exact, must be the same as neither.
        fill(gradient, gradients(step).map { 2 * $0 })
        try optimizer.update(parameters: parameters, gradients: gradient, learningRate: oracle.rate, gradientScale: 0.5)
      }
      #expect(optimizer.stepCount == 10)
      let found = values(parameters)
      for index in OracleValues.start.indices {
        #expect(abs(Double(found[index]) - oracle.double[index]) < 2e-6 * max(1, abs(oracle.double[index])))
        #expect(abs(Double(found[index]) - oracle.single[index]) < 1e-6 * max(1, abs(oracle.single[index])))
      }
      for index in found.indices { #expect(found[index].bitPattern == found[index % OracleValues.start.count].bitPattern) }
    }
  }

  @Test(arguments: cases) func resumesBitForBit(_ oracle: Case) throws {
    let count = OracleValues.start.count
    func run(_ optimizer: any Optimizer, _ parameters: HostBuffer, _ steps: Range<Int>) throws {
      let gradient = HostBuffer(floatCount: count)
      for step in steps {
        fill(gradient, gradients(step))
        try optimizer.update(parameters: parameters, gradients: gradient, learningRate: oracle.rate)
      }
    }
    let make = { try OptimizerRegistry.make(oracle.name, settings: oracle.settings, parameterCount: count) }
    let (through, whole) = (try make(), buffer(OracleValues.start))
    try run(through, whole, 0..<8)

    let (before, half) = (try make(), buffer(OracleValues.start))
    try run(before, half, 0..<3)
    let after = try make()
    after.stepCount = before.stepCount
    #expect(after.state.map(\.name) == before.state.map(\.name))
    for (old, new) in zip(before.state, after.state) { fill(new.buffer, values(old.buffer)) }
    try run(after, half, 3..<8)
    #expect(values(half).map(\.bitPattern) == values(whole).map(\.bitPattern))
  }

  @Test func rangesHaveTheirOwnFactors() throws {
    let count = 100_003
    ComputePool.configure(threadCount: 2)
    defer { ComputePool.configure(threadCount: 1) }
    for name in ["adam", "adamw", "sgd"] {
      func run(_ range: [ParameterRange], rate: Double, decay: Double) throws -> [Float] {
        let optimizer = try OptimizerRegistry.make(name, settings: ["weightDecay": .double(decay)], parameterCount: count, ranges: range)
        let (parameters, gradient) = (HostBuffer(floatCount: count), HostBuffer(floatCount: count))
        fill(parameters, OracleValues.start)
        for step in 0..<3 {
          fill(gradient, gradients(step))
          try optimizer.update(parameters: parameters, gradients: gradient, learningRate: rate)
        }
        return values(parameters)
      }
      let ranges = [
        ParameterRange(49_990..<80_000, learningRateFactor: 10), ParameterRange(5..<9, weightDecayFactor: 0),
        ParameterRange(9..<16, weightDecayFactor: 0), ParameterRange(100_000..<100_003, learningRateFactor: 0),
      ]
      let mixed = try run(ranges, rate: 0.01, decay: 0.1)
      let usual = try run([], rate: 0.01, decay: 0.1)
      let fast = try run([], rate: 0.1, decay: 0.1)
      let free = try run([], rate: 0.01, decay: 0)
      for index in 0..<count {
        let expected: Float
        switch index {
        case 49_990..<80_000: expected = fast[index]
        case 5..<16: expected = free[index]
        case 100_000...: expected = OracleValues.start[index % OracleValues.start.count]
        default: expected = usual[index]
        }
        if mixed[index] != expected { Issue.record("\(name): parameter \(index) is \(mixed[index]), expected \(expected)") }
      }
    }
  }

  @Test func paddingStaysZero() throws {
    for oracle in Self.cases {
      let optimizer = try OptimizerRegistry.make(oracle.name, settings: oracle.settings, parameterCount: 64)
      let (parameters, gradient) = (HostBuffer(floatCount: 64), HostBuffer(floatCount: 64))
      for _ in 0..<3 { try optimizer.update(parameters: parameters, gradients: gradient, learningRate: 0.1) }
      #expect(values(parameters).allSatisfy { $0.bitPattern == 0 })
    }
  }

  @Test func wrongBuffersAndRangesAreRefused() throws {
    for name in OptimizerRegistry.names {
      let optimizer = try OptimizerRegistry.make(name, parameterCount: 8)
      #expect(throws: LongtailError.self) {
        try optimizer.update(parameters: HostBuffer(floatCount: 8), gradients: HostBuffer(floatCount: 7), learningRate: 1)
      }
      #expect(optimizer.stepCount == 0)
      for ranges in [
        [ParameterRange(0..<9)], [ParameterRange(0..<4), ParameterRange(3..<5)], [ParameterRange(0..<4, weightDecayFactor: .nan)],
        [ParameterRange(-1..<4)], [ParameterRange(0..<4, learningRateFactor: -1)],
      ] {
        #expect(throws: LongtailError.self) { try OptimizerRegistry.make(name, parameterCount: 8, ranges: ranges) }
      }
    }
  }
}
