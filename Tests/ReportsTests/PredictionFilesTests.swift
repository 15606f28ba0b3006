import Foundation
import Images
import Reports
import Tasks
import Tensors
import TestSupport
import Testing

/// Which files `predict` writes, and that nothing is lost by it.
@Suite struct PredictionFilesTests {
  private func image(_ path: String, _ value: UInt8 = 0) throws {
    var image = RGBImage(width: 2, height: 1)
    image.pixels[0] = value
    try image.write(to: path)
  }

  private func files(_ paths: [String], _ output: String, probabilities: Bool = false, overwrites: Bool = false) throws -> PredictionFiles {
    let suffixes = [".png", "-overlay.png"] + (probabilities ? ["-probabilities.safetensors"] : [])
    return try PredictionFiles(images: paths, output: output, overwrites: overwrites) { _ in PredictionNames(suffixes: suffixes) }
  }

  private func refusal(_ body: () throws -> PredictionFiles) -> String {
    do {
      let files = try body()
      return "accepted: \(files.entries.flatMap(\.results))"
    } catch { return "\((error as? LongtailError)?.message ?? "\(error)")" }
  }

  @Test func foldersAreKeptAndResultsLeftOut() throws {
    try withTemporaryDirectory { root in
      try image("\(root)/in/a.png")
      try image("\(root)/in/deep/er/b.jpg")
      let found = try files(["\(root)/in/"], "\(root)/out", probabilities: true)
      #expect(found.entries.map { $0.results[0] } == ["\(root)/out/a.png", "\(root)/out/deep/er/b.png"])
      #expect(found.entries[1].results.last == "\(root)/out/deep/er/b-probabilities.safetensors")
      // Results in a folder of the images are not predicted the next time.
      for entry in try files(["\(root)/in"], "\(root)/in/out").entries {
        for result in entry.results {
          try image(result)
          try RGBImage(contentsOf: result).writePNG(to: result, software: OwnFile.mark)
        }
      }
      let again = try files(["\(root)/in"], "\(root)/in/out")
      #expect(again.entries.count == 2 && again.notes.first?.contains("4 files are results of longtail") == true)
      // One that was named is taken.
      #expect(try files(["\(root)/in/out/a.png"], "\(root)/other").entries.count == 1)
      #expect(refusal { try files(["\(root)/none"], "\(root)/out") }.contains("there is no \(root)/none"))
      #expect(refusal { try files(["\(root)/in/out"], "\(root)/out2") }.contains("holds no PNG or JPEG files but results"))
    }
  }

  /// A task whose results are of all images together.
  @Test func sharedResultsTakeNobodysPlace() throws {
    try withTemporaryDirectory { root in
      for name in ["in/a.png", "in/b/a.png", "out/sheet-1.png"] { try image("\(root)/\(name)") }
      func shared(_ paths: [String], _ output: String, overwrites: Bool = false) throws -> PredictionFiles {
        try PredictionFiles(images: paths, output: output, overwrites: overwrites) {
          PredictionNames(shared: ["table.csv"] + (1...$0).map { "sheet-\($0).png" })
        }
      }
      let found = try shared(["\(root)/in", "\(root)/in/a.png"], "\(root)/new")
      #expect(found.entries.map(\.image) == ["\(root)/in/a.png", "\(root)/in/b/a.png"])
      #expect(found.shared == ["table.csv", "sheet-1.png", "sheet-2.png"].map { "\(root)/new/\($0)" })
      #expect(refusal { try shared(["\(root)/in"], "\(root)/out") }.contains("\(root)/out/sheet-1.png is there already"))
      #expect(try shared(["\(root)/in"], "\(root)/out", overwrites: true).shared.count == 3)
      #expect(refusal { try shared(["\(root)/out/sheet-1.png"], "\(root)/out", overwrites: true) }.contains("take the place of the image"))
      #expect(refusal { try shared(["\(root)/in"], "\(root)/in/b") }.contains("would lie among the images"))
      try "image,class1,probability1\na.png,cat,0.5\n".write(toFile: "\(root)/new.csv", atomically: true, encoding: .utf8)
      #expect(OwnFile.isOwn("\(root)/new.csv"))
    }
  }

  @Test func twoImagesHaveNoResultInCommon() throws {
    try withTemporaryDirectory { root in
      for name in ["camA/f.png", "camB/f.png", "pair/p.jpg", "pair/p.png", "tail/x.png", "tail/x-overlay.png", "case/Q.png", "case/q.jpg"] {
        try image("\(root)/\(name)")
      }
      let out = "\(root)/out"
      let both = "camA/f.png and \(root)/camB/f.png would both become \(out)/f.png"
      #expect(refusal { try files(["\(root)/camA", "\(root)/camB"], out) }.contains(both))
      #expect(refusal { try files(["\(root)/pair"], out) }.contains("would both become \(out)/p.png"))
      #expect(refusal { try files(["\(root)/tail"], out) }.contains("would both become \(out)/x-overlay.png"))
      #expect(refusal { try files(["\(root)/case"], out) }.contains("some file systems take for one name"))
      // The folder above keeps the cameras apart; the same image twice is one.
      try FileManager.default.createDirectory(atPath: "\(root)/both", withIntermediateDirectories: true)
      for name in ["camA", "camB"] { try FileManager.default.moveItem(atPath: "\(root)/\(name)", toPath: "\(root)/both/\(name)") }
      #expect(
        try files(["\(root)/both", "\(root)/both"], out).entries.map { $0.results[0] } == ["\(out)/camA/f.png", "\(out)/camB/f.png"])
      // A result that would have to be a folder too.
      try image("\(root)/odd/a.png")
      try image("\(root)/odd/a-probabilities.safetensors/b.png")
      #expect(refusal { try files(["\(root)/odd"], out, probabilities: true) }.contains("has to be a folder"))
      #expect(try files(["\(root)/odd"], out).entries.count == 2)
    }
  }

  @Test func noResultTakesThePlaceOfAnImageOrAForeignFile() throws {
    try withTemporaryDirectory { root in
      try image("\(root)/in/a.jpg")
      try image("\(root)/in/sub/b.png")
      try FileManager.default.createSymbolicLink(atPath: "\(root)/link", withDestinationPath: "\(root)/in")
      for output in ["\(root)/in", "\(root)/in/sub", "\(root)/link", "\(root)/in/../in", "\(root)/link/sub/.."] {
        #expect(refusal { try files(["\(root)/in"], output) }.contains("would lie among the images"), "\(output)")
      }
      #expect(refusal { try files(["\(root)/in/sub/b.png"], "\(root)/link/sub") }.contains("would take the place of the image"))
      // Beside a JPEG that was named there is room.
      #expect(try files(["\(root)/in/a.jpg"], "\(root)/in").entries.count == 1)
      try FileManager.default.createDirectory(atPath: "\(root)/out", withIntermediateDirectories: true)
      try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(root)/out/a.png"))
      #expect(refusal { try files(["\(root)/in/a.jpg"], "\(root)/out") }.contains("\(root)/out/a.png is there already"))
      #expect(try files(["\(root)/in/a.jpg"], "\(root)/out", overwrites: true).entries.count == 1)
      #expect(refusal { try files(["\(root)/in/sub/b.png"], "\(root)/in/sub", overwrites: true) }.contains("the place of the image"))
      #expect(refusal { try files(["\(root)/in/a.jpg"], "\(root)/in/sub/b.png") }.contains("is a file"))
      // A link in the place of a result leads to somebody else's file.
      try FileManager.default.removeItem(atPath: "\(root)/out/a.png")
      try FileManager.default.createSymbolicLink(atPath: "\(root)/out/a.png", withDestinationPath: "\(root)/in/sub/b.png")
      #expect(refusal { try files(["\(root)/in/a.jpg"], "\(root)/out") }.contains("there already"))
    }
  }

  @Test func filesSayWhoseTheyAre() throws {
    try withTemporaryDirectory { root in
      let path = "\(root)/x"
      func isOwn(_ text: String) throws -> Bool {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return OwnFile.isOwn(path)
      }
      #expect(try !isOwn("") && !isOwn("longtail") && !isOwn("<!DOCTYPE html><p>longtail</p>") && !isOwn("# longtail"))
      #expect(try isOwn("row,name,objective,seed,runs,finished,step,miou"))
      for (own, palette) in [(true, true), (true, false), (false, true)] {
        let labels = LabelImage(width: 3, height: 2, fill: 1)
        try labels.writePNG(to: path, palette: palette ? (0..<256).map { RGBColour.distinct($0) } : nil, software: own ? OwnFile.mark : nil)
        #expect(OwnFile.isOwn(path) == own)
        #expect(try LabelImage(contentsOf: path) == labels)
      }
      let tensor = NamedTensor(name: "x", shape: [1], values: [1])
      try SafetensorsFile.write([tensor], metadata: ["longtail": "1"], to: path)
      #expect(OwnFile.isOwn(path))
      try SafetensorsFile.write([tensor], metadata: ["classes": "longtail"], to: path)
      #expect(!OwnFile.isOwn(path))
      try OwnFile.requireReplaceable("\(root)/none", advice: "")
      #expect(throws: LongtailError.self) { try OwnFile.requireReplaceable(path, advice: "") }
      #expect(throws: LongtailError.self) { try OwnFile.requireReplaceable(root, advice: "") }
    }
  }

  // MARK: Many members

  private func contents(of root: String) -> [String: Data] {
    var all: [String: Data] = [:]
    for name in FileManager.default.subpaths(atPath: root) ?? [] {
      if let data = FileManager.default.contents(atPath: "\(root)/\(name)") { all[name] = data }
    }
    return all
  }

  /// Two hundred sets of folders, arguments and outputs: every image keeps its bytes and gets results of its own, or nothing is written and
  /// the files are named.
  @Test func twoHundredPredictionsLoseNothing() throws {
    var random = SeededNumbers(seed: 8)
    let names = ["a", "b", "A", "a-overlay", "a-probabilities", "frame 1", "é", "x.y"]
    let folders = ["", "camA/", "camB/", "camA/deep/", "out/"]
    var (written, refused) = (0, 0)
    for member in 0..<200 {
      try withTemporaryDirectory { root in
        for place in 0..<Int.random(in: 1...4, using: &random) {
          let path = "\(folders.randomElement(using: &random) ?? "")\(names.randomElement(using: &random) ?? "a")"
          try image("\(root)/in/\(path).\(Int.random(in: 0..<3, using: &random) == 0 ? "jpg" : "png")", UInt8(place + 1))
        }
        // Somebody else's files, and a link to the images.
        if Int.random(in: 0..<3, using: &random) == 0 {
          try FileManager.default.createDirectory(atPath: "\(root)/results", withIntermediateDirectories: true)
          try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(root)/results/\(names.randomElement(using: &random) ?? "a").png"))
        }
        try FileManager.default.createSymbolicLink(atPath: "\(root)/link", withDestinationPath: "\(root)/in")
        let all = (FileManager.default.subpaths(atPath: "\(root)/in") ?? []).sorted()
        let arguments = (0..<Int.random(in: 1...2, using: &random)).map { _ in
          Bool.random(using: &random) ? "\(root)/in" : "\(root)/in/\(all.randomElement(using: &random) ?? "")"
        }
        let outputs = ["results", "results/new", "in", "link", "in/out", "link/camA", ".", "in/new"]
        let output = outputs.randomElement(using: &random) ?? "results"
        let before = contents(of: root)
        for _ in 0..<2 {
          do {
            let found = try files(arguments, "\(root)/\(output)", probabilities: Bool.random(using: &random))
            var expected: [String: String] = [:]
            for (number, entry) in found.entries.enumerated() {
              for (part, path) in entry.results.enumerated() {
                try FileManager.default.createDirectory(
                  atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
                let text = "row,name,objective,seed,runs,finished,step,\(number),\(part)"
                try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
                expected[path] = text
              }
            }
            let after = contents(of: root)
            for (name, data) in before { #expect(after[name] == data, "member \(member): \(name) is as it was; \(arguments) -> \(output)") }
            for (path, text) in expected {
              #expect(FileManager.default.contents(atPath: path) == Data(text.utf8), "member \(member): \(path)")
            }
            written += 1
          } catch let error as LongtailError {
            #expect(error.message.contains(root), "member \(member): \(error)")
            for (name, data) in before { #expect(contents(of: root)[name] == data, "member \(member): \(name)") }
            refused += 1
          }
        }
      }
    }
    print("predictions: \(written) of 400 calls wrote and lost nothing, \(refused) refused by name")
    #expect(written >= 100 && refused >= 50)
  }
}
