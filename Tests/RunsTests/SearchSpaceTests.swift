import Foundation
import Runs
import Tensors
import TestSupport
import Testing

@Suite struct SearchSpaceTests {
  private func error(_ texts: [String]) -> LongtailError? { longtailError { _ = try SearchSpace(parsing: texts) } }

  @Test func theGridHasEveryCombinationOnce() throws {
    let space = try SearchSpace(parsing: ["optimizer.learningRate=1e-3, 3e-3", "objective.name=pat,crossEntropy,focal"])
    let grid = try space.grid()
    #expect(
      grid.map(\.values) == [
        ["1e-3", "pat"], ["1e-3", "crossEntropy"], ["1e-3", "focal"], ["3e-3", "pat"], ["3e-3", "crossEntropy"], ["3e-3", "focal"],
      ])
    #expect(grid[4].overrides == ["optimizer.learningRate=3e-3", "objective.name=crossEntropy"])
    #expect(grid[4].name == "learningRate=3e-3_name=crossEntropy")
    #expect(Set(grid.map(\.name)).count == 6)
  }

  @Test func commasInBracketsAndQuotesArePartOfAValue() throws {
    let space = try SearchSpace(parsing: ["data.augmentation.scale=[1, 1],[0.5,2]", "objective.settings={a: 1, b: 'x,y'},{}"])
    let grid = try space.grid()
    #expect(
      grid.map(\.values) == [["[1, 1]", "{a: 1, b: 'x,y'}"], ["[1, 1]", "{}"], ["[0.5,2]", "{a: 1, b: 'x,y'}"], ["[0.5,2]", "{}"]])
    // Names hold what every file system takes, and stay different.
    #expect(Set(grid.map(\.name)).count == 4)
    for name in grid.map(\.name) {
      #expect(name.count <= 96 && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._=+-".contains($0)) }, "\(name)")
    }
  }

  @Test func aNameIsAFunctionOfKeysAndValuesAlone() throws {
    let small = try SearchSpace(parsing: ["optimizer.learningRate=1,2", "model.width=8"]).grid()
    let large = try SearchSpace(parsing: ["optimizer.learningRate=0.5,1,2,4", "model.width=8,16"]).grid()
    #expect(Set(small.map(\.name)).isSubset(of: Set(large.map(\.name))))
    // Keys whose last parts are equal are told apart by their whole names.
    let alike = try SearchSpace(parsing: ["model.name=unet", "objective.name=pat"]).grid()
    #expect(alike.map(\.name) == ["model.name=unet_objective.name=pat"])
  }

  @Test func drawnCandidatesAreAFunctionOfTheSeed() throws {
    let space = try SearchSpace(parsing: ["a.rate=1e-4..1e-2,log", "a.width=4..7", "a.share=0.0..0.5", "a.kind=x,y"])
    let drawn = try space.samples(200, seed: 3)
    #expect(try space.samples(200, seed: 3) == drawn)
    #expect(try Array(space.samples(300, seed: 3).prefix(200)) == drawn, "more samples begin with the same ones")
    #expect(try space.samples(200, seed: 4) != drawn)
    #expect(Set(drawn.map(\.values)).count == 200)
    let rates = drawn.compactMap { Double($0.values[0]) }
    #expect(rates.count == 200 && rates.allSatisfy { (1e-4...1e-2).contains($0) })
    // Half of the numbers are below the geometric mean; binomial, so within 5 deviations of 7.1.
    #expect(abs(rates.count { $0 < 1e-3 } - 100) < 36)
    let widths = drawn.compactMap { Int($0.values[1]) }
    #expect(widths.count == 200 && Set(widths) == [4, 5, 6, 7])
    // Each whole number has a quarter: 50 with a deviation of 6.1.
    for width in 4...7 { #expect(abs(widths.count { $0 == width } - 50) < 31) }
    let shares = drawn.compactMap { Double($0.values[2]) }
    #expect(shares.allSatisfy { (0...0.5).contains($0) } && shares.contains { $0 != $0.rounded() })
    #expect(Set(drawn.map { $0.values[3] }) == ["x", "y"])
  }

  @Test func drawsOfFewValuesDoNotRepeat() throws {
    let space = try SearchSpace(parsing: ["a=1,2,3", "b=1..2"])
    #expect(try Set(space.samples(6, seed: 0).map(\.values)).count == 6)
    #expect(longtailError { _ = try space.samples(7, seed: 0) }?.message.contains("only 6 different") == true)
    #expect(longtailError { _ = try space.samples(0, seed: 0) }?.code == .usage)
  }

  @Test(arguments: [
    ("learningRate", "is not KEY=values"), ("=1,2", "is not KEY=values"), ("a=1,,2", "a value is empty"), ("a=", "a value is empty"),
    ("a=1,2,1", "1 is there twice"), ("a=2..1", "no number from 2 to 1"), ("a=0..1,log", "begins above 0"),
    ("a=1..2,lin", "'lin' after a range"),
  ])
  func mistakesAreNamed(_ text: String, _ says: String) throws {
    let found = try #require(error([text]))
    #expect(found.code == .usage && found.message.contains(says), "\(found)")
  }

  @Test func keysThatDecideTheSameAreRefused() {
    #expect(error([])?.message.contains("nothing to search") == true)
    #expect(error(["a.b=1", "a.b=2"])?.message.contains("the same key") == true)
    #expect(error(["a={b: 1}", "a.b=2"])?.message.contains("the same key") == true)
    #expect(error(["a.bc=1", "a.b=2"]) == nil)
    #expect(longtailError { _ = try SearchSpace(parsing: ["a=1..2"]).grid() }?.advice?.contains("--samples") == true)
  }
}
