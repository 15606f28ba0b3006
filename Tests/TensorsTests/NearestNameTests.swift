import Tensors
import Testing

@Suite struct NearestNameTests {
  @Test(arguments: [
    ("adm", "adam"), ("Adam", "adam"), ("adma", "adam"), ("sdg", "sgd"), ("adam_w", "adamw"), ("cosin", "cosine"), ("poly", "polynomial"),
    ("learningrate", "learningRate"), ("learning-rate", "learningRate"),
  ])
  func findsTypingErrors(_ written: String, _ meant: String) {
    #expect(nearest(written, among: ["learningRate", "adam", "adamw", "sgd", "cosine", "polynomial"]) == meant)
  }

  @Test func saysNothingWhereNothingIsClose() {
    #expect(nearest("rmsprop", among: ["adam", "adamw", "sgd"]) == nil)
    #expect(nearest("", among: ["adam"]) == nil)
    #expect(nearest("adam", among: []) == nil)
  }

  @Test func theErrorListsWhatIsKnown() {
    let error = LongtailError.unknownName("optimizer", "adm", known: ["adam", "sgd"], at: "a.yaml: optimizer.name")
    #expect(error.message == "a.yaml: optimizer.name: unknown optimizer 'adm'")
    #expect(error.advice == "Did you mean 'adam'? Known: adam, sgd.")
    #expect(error.code == .usage)
  }
}
