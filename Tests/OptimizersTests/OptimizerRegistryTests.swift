import Optimizers
import Tensors
import Testing

@Suite struct OptimizerRegistryTests {
  @Test func makesEveryOptimizerByName() throws {
    #expect(OptimizerRegistry.names == ["adam", "adamw", "sgd"])
    for entry in OptimizerRegistry.entries {
      let optimizer = try OptimizerRegistry.make(entry.name, settings: entry.defaults, parameterCount: 3)
      #expect(optimizer.name == entry.name)
      #expect(optimizer.parameterCount == 3)
      #expect(!entry.summary.isEmpty)
    }
    #expect((try OptimizerRegistry.make("adamw", parameterCount: 1) as? Adam)?.settings.weightDecay == 0.01)
    #expect((try OptimizerRegistry.make("adam", parameterCount: 1) as? Adam)?.settings == Adam.Settings())
    #expect(try OptimizerRegistry.make("sgd", settings: ["momentum": 0.5], parameterCount: 1).state.count == 1)
    #expect(try OptimizerRegistry.make("sgd", parameterCount: 1).state.isEmpty)
    let whole = try OptimizerRegistry.make("adam", settings: ["beta1": 0, "weightDecay": 1], parameterCount: 1)
    #expect((whole as? Adam)?.settings.beta1 == 0 && (whole as? Adam)?.settings.weightDecay == 1)
  }

  @Test func namesAreCorrected() {
    let name = #expect(throws: LongtailError.self) { try OptimizerRegistry.make("adm", parameterCount: 1) }
    #expect(name?.code == .usage)
    #expect(name?.advice?.contains("Did you mean 'adam'?") == true)
    let setting = #expect(throws: LongtailError.self) { try OptimizerRegistry.make("sgd", settings: ["momentun": 0.9], parameterCount: 1) }
    #expect(setting?.description.contains("momentun") == true && setting?.advice?.contains("'momentum'") == true)
    #expect(throws: LongtailError.self) { try OptimizerRegistry.make("adam", settings: ["momentum": 0.9], parameterCount: 1) }
  }

  @Test(arguments: [
    ("adam", "beta1", SettingValue.double(1)), ("adam", "beta2", -0.1), ("adam", "epsilon", 0), ("adamw", "weightDecay", -1),
    ("adamw", "weightDecay", .double(.infinity)), ("adam", "beta1", .double(.nan)), ("sgd", "momentum", 1), ("sgd", "nesterov", true),
    ("sgd", "nesterov", 1), ("sgd", "momentum", false), ("sgd", "weightDecay", .double(.nan)), ("adam", "beta1", "high"),
    ("adam", "beta1", nil),
  ])
  func settingsOutOfRangeAreRefused(_ name: String, _ key: String, _ value: SettingValue) {
    let failure = #expect(throws: LongtailError.self) { try OptimizerRegistry.make(name, settings: [key: value], parameterCount: 1) }
    #expect(failure?.code == .usage)
    #expect(failure?.message.contains(key) == true && failure?.message.contains(name) == true)
  }
}
