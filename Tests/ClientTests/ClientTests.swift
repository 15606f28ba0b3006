import TestSupport
import Testing

/// `Tests/Client`, which sees only what is public, as a target of this package.
@Suite(.serialized) struct ClientTests {
  private func withClient(_ body: (ClientProgram) throws -> Void) throws {
    try withTemporaryDirectory { try body(ClientProgram(program: "Client", directory: $0)) }
  }

  @Test func whatItRegistersIsDescribed() throws { try withClient { try $0.expectDescriptions() } }

  @Test func itTrainsEvaluatesAndExports() throws { try withClient { try $0.expectTraining() } }

  @Test func itTrainsEvaluatesAndExportsATaskOfItsOwn() throws { try withClient { try $0.expectTrainingOfATask() } }

  @Test func itIsKilledAndResumed() throws { try withClient { try $0.expectSameBitsAfterAKill(ranks: nil) } }
}
