import Settings
import Synchronization
import Tensors
import TestSupport
import Testing

/// What programs add to registries.
@Suite struct RegistrationTests {
  private typealias Entry = RegistryEntry<Int, String>

  private func entry(_ name: String) -> Entry { Entry(name, summary: name, about: "Made up.") { _, number in "\(name) \(number)" } }

  @Test func whatIsRegisteredIsFound() throws {
    let list = ExtensibleList("dish", [entry("soup")], period: RegistrationPeriod())
    let registry = Registry(list)
    try list.register(entry("bread"))
    #expect(registry.names == ["soup", "bread"])
    #expect(try registry.make("bread", [:], 3) == "bread 3")
    #expect(registry.description(name: "dish", summary: "", place: "").entries.map(\.name) == ["soup", "bread"])
    #expect(longtailError { try registry.entry("braed") }?.description.contains("'bread'") == true)
  }

  @Test(arguments: ["soup", "", "two words", "a/b", "é"])
  func namesThatAreTakenOrNoneAreRefused(name: String) {
    let list = ExtensibleList("dish", [entry("soup")], period: RegistrationPeriod())
    let error = longtailError { try list.register(entry(name)) }
    #expect(error?.code == .usage && error?.message.contains("'\(name)'") == true, "\(String(describing: error))")
    #expect(list.elements.count == 1)
  }

  @Test func afterTheBeginningNothingIsRegistered() {
    let period = RegistrationPeriod()
    let list = ExtensibleList("dish", [entry("soup")], period: period)
    period.close()
    let error = longtailError { try list.register(entry("bread")) }
    #expect(error?.code == .usage && error?.message == "dish 'bread' is registered after the program has begun")
    #expect(list.elements.count == 1)
  }

  @Test func manyThreadsRegisterAtOnce() async {
    let list = ExtensibleList("dish", [entry("soup")], period: RegistrationPeriod())
    let refused = Mutex(0)
    await withTaskGroup { group in
      for number in 0..<64 {
        group.addTask {
          // Each name twice: one of the two is refused.
          do { try list.register(self.entry("dish-\(number / 2)")) } catch { refused.withLock { $0 += 1 } }
        }
      }
    }
    #expect(list.elements.count == 33 && Set(list.elements.map(\.name)).count == 33)
    #expect(refused.withLock { $0 } == 32)
  }
}
