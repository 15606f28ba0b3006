import Datasets
import Foundation
import Images
import Tensors
import TestSupport
import Testing

@testable import Recognition

@Suite struct DataTests {
  @Test func classFoldersAreReadInTheOrderOfTheirNames() throws {
    try withTemporaryDirectory { root in
      for (path, red) in [
        ("train/dog/1.png", 1), ("train/cat/b/2.png", 2), ("train/cat/a.png", 3), ("val/dog/9.png", 4), ("train/.cache/x.png", 5),
      ] {
        try TestFiles.writeImage("\(root)/\(path)", colour: RGBColour(UInt8(red), 0, 0))
      }
      let images = try RecognitionDatasets.open("folder", settings: ["root": .string(root)])
      #expect(
        images.classes == ["cat", "dog"] && images.classCounts(of: .train) == [2, 1] && images.classCounts(of: .validation) == [0, 1])
      let train = try images.part(.train)
      #expect(train.names == ["cat/a.png", "cat/b/2.png", "dog/1.png"] && train.labels == [0, 0, 1])
      #expect(try train.source.content(of: 1).decoded()[0, 0].red == 2)
      #expect(train.source.location(of: 0) == "\(root)/train/cat/a.png")
      #expect(longtailError { try images.part(.test) }?.advice == "It has: train, validation.")
      let named = try RecognitionDatasets.open("folder", settings: ["root": .string(root), "train": "train", "test": "val"])
      #expect(named.count(of: .test) == 1 && named.count(of: .validation) == 0)
      // Class folders alone are training images.
      let alone = try RecognitionDatasets.open("folder", settings: ["root": .string("\(root)/train"), "validationShare": 0.5])
      #expect(alone.classCounts(of: .train) == [1, 1] && alone.classCounts(of: .validation) == [1, 0])

      let before = images.fingerprint(of: .train)
      #expect(before.count == 4 && before == images.fingerprint(of: .train))
      try TestFiles.writeImage("\(root)/train/cat/a.png", side: 9)
      #expect(before != images.fingerprint(of: .train))
    }
  }

  @Test func faultsOfClassFoldersAreNamed() throws {
    try withTemporaryDirectory { root in
      func problem(_ settings: [String: SettingValue]) -> String {
        longtailError { try RecognitionDatasets.open("folder", settings: settings) }?.message ?? ""
      }
      #expect(problem(["root": .string("\(root)/nowhere")]).hasSuffix("there is no such folder"))
      #expect(problem([:]).contains("root is missing"))
      #expect(problem(["rot": "x"]).contains("there is no setting 'rot'"))
      #expect(problem(["root": .string(root)]).contains("no folders in it"))
      try TestFiles.writeImage("\(root)/train/cat/1.png")
      try FileManager.default.createDirectory(atPath: "\(root)/train/dog", withIntermediateDirectories: true)
      #expect(problem(["root": .string(root)]).contains("train/dog: no images in it"))
      try TestFiles.writeImage("\(root)/train/dog/1.png")
      try TestFiles.writeImage("\(root)/val/dogs/1.png")
      let error = longtailError { try RecognitionDatasets.open("folder", settings: ["root": .string(root)]) }
      #expect(error?.message.contains("no class 'dogs'") == true && error?.advice == "Did you mean 'dog'?")
      try TestFiles.writeImage("\(root)/train/stray.png")
      #expect(problem(["root": .string(root), "train": "train"]).contains("stray.png: an image outside the class folders"))
      #expect(longtailError { try RecognitionDatasets.open("folders", settings: [:]) }?.advice?.contains("'folder'") == true)
    }
  }

  @Test func listsNamePathsAndLabels() throws {
    try withTemporaryDirectory { root in
      for name in ["a b/1.png", "2.png", "3.png"] { try TestFiles.writeImage("\(root)/images/\(name)") }
      try TestFiles.write("# remark\nimages/a b/1.png 2\nimages/2.png\t0\r\n\nimages/3.png 2\n", to: "\(root)/train.txt")
      try TestFiles.write("images/2.png 3\n", to: "\(root)/val.txt")
      let settings: [String: SettingValue] = ["root": .string(root), "train": "train.txt", "validation": "val.txt"]
      let images = try RecognitionDatasets.open("list", settings: settings)
      #expect(images.classes == ["0", "1", "2", "3"] && images.classCounts(of: .train) == [1, 0, 2, 0])
      #expect(images.remarks == ["2 of 4 classes have no training image, such as 1: labels are taken as numbers of classes from 0"])
      #expect(try images.part(.train).names == ["images/a b/1.png", "images/2.png", "images/3.png"])
      #expect(try images.part(.train).source.content(of: 0).decoded().width == 4)

      let named = try RecognitionDatasets.open("list", settings: settings.merging(["classes": ["w", "x", "y", "z"]]) { $1 })
      #expect(try named.classes == ["w", "x", "y", "z"] && named.part(.validation).labels == [3])
      try TestFiles.write("2.png cat\n3.png dog\n", to: "\(root)/names.txt")
      try TestFiles.write("dog\ncat\n", to: "\(root)/classes.txt")
      let words = try RecognitionDatasets.open("list", settings: ["root": .string(root), "train": "names.txt", "images": "images"])
      #expect(words.classes == ["cat", "dog"])
      let ordered = try RecognitionDatasets.open(
        "list", settings: ["root": .string(root), "train": "names.txt", "images": "images", "classes": "classes.txt"])
      #expect(try ordered.classes == ["dog", "cat"] && ordered.part(.train).labels == [1, 0])

      func problem(_ text: String, _ more: [String: SettingValue] = [:]) throws -> String {
        try TestFiles.write(text, to: "\(root)/wrong.txt")
        let settings = ["root": .string(root), "train": "wrong.txt"].merging(more) { $1 }
        return longtailError { try RecognitionDatasets.open("list", settings: settings) }?.message ?? ""
      }
      #expect(try problem("images/2.png\n").contains("wrong.txt:1: 'images/2.png' has no label"))
      #expect(try problem("").contains("no images in it"))
      #expect(try problem("images/2.png -1\n").contains("wrong.txt:1: label -1 is not a class"))
      #expect(try problem("images/2.png 0\nimages/2.png 1\n").contains("is named twice"))
      #expect(try problem("image/2.png 0\n").contains("image/2.png is not there"))
      #expect(try problem("images/2.png dgo\n", ["classes": ["dog", "cat"]]).contains("label 'dgo' is none of the 2 classes"))
      #expect(try problem("images/2.png dog\n", ["validation": "val.txt"]).contains("wrong.txt:1: label 'dog' is a name, but those of"))
      let huge = "99999999999999999999"
      #expect(try problem("images/2.png 0\nimages/3.png \(huge)\n").contains("wrong.txt:2: label \(huge) is not a class"))
      #expect(longtailError { try RecognitionDatasets.open("list", settings: [:]) }?.message.contains("train is missing") == true)
    }
  }

  @Test func tablesHaveHeadingsQuotesAndSplits() throws {
    try withTemporaryDirectory { root in
      for name in ["a,1", "b", "c"] { try TestFiles.writeImage("\(root)/\(name).jpg.png") }
      let text =
        "\u{FEFF}image_id,species,split,note\r\n\"a,1\",cat,train,\"two\nlines, \"\"quoted\"\"\"\r\nb,dog,val,\r\n\r\nc,cat,train,x"
      try TestFiles.write(text, to: "\(root)/all.csv")
      let settings: [String: SettingValue] = ["root": .string(root), "table": "all.csv", "pathSuffix": ".jpg.png"]
      let images = try RecognitionDatasets.open("csv", settings: settings)
      #expect(try images.classes == ["cat", "dog"] && images.part(.train).names == ["a,1.jpg.png", "c.jpg.png"])
      #expect(try images.part(.validation).labels == [1])
      #expect(try CSVText(text, file: "t").records[1].cells[3] == "two\nlines, \"quoted\"")
      #expect(try CSVText(text, file: "t").records.map(\.line) == [1, 2, 4, 6])

      func problem(_ text: String, _ more: [String: SettingValue] = [:]) throws -> String {
        try TestFiles.write(text, to: "\(root)/wrong.csv")
        let settings = ["root": .string(root), "table": "wrong.csv", "pathSuffix": ".jpg.png"].merging(more) { $1 }
        return longtailError { try RecognitionDatasets.open("csv", settings: settings) }?.message ?? ""
      }
      #expect(try problem("one,two\nb,1\n").contains("do not say which columns are path and label"))
      #expect(try problem("path,label\nb\n").contains("wrong.csv:2: 1 cells under 2 headings"))
      #expect(try problem("path,label\nb,\n").contains("wrong.csv:2: an empty cell where the label belongs"))
      #expect(try problem("path,label,split\nb,1,left\n").contains("'left' is not a split"))
      #expect(try problem("path,label,set\nb,1,val\nc,1,validation\n").contains("two words stand for the validation images"))
      #expect(try problem("path,label\n\"b,1\n").contains("a quote is never closed"))
      #expect(try problem("path,label\n\"b\"x,1\n").contains("text behind a closing quote"))
      #expect(try problem("path,label\nb,1\n", ["pathColumn": "pat"]).contains("unknown column 'pat'"))
      #expect(try problem("path,label\nb,1\n", ["pathColumn": "path"]) == "")
    }
  }

  @Test func badFilesAreFoundAndNamed() throws {
    try withTemporaryDirectory { root in
      for index in 0..<7 {
        try TestFiles.writeImage("\(root)/train/c\(index % 2)/\(index).png", colour: RGBColour(UInt8(index), 0, 0), side: 3 + index)
      }
      try TestFiles.write("no image", to: "\(root)/train/c0/2.png")
      // The same image in two classes.
      try TestFiles.writeImage("\(root)/train/c1/5.png", colour: RGBColour(4, 0, 0), side: 7)
      let images = try RecognitionDatasets.open("folder", settings: ["root": .string(root)])
      let part = try images.part(.train)
      #expect(part.names == ["c0/0.png", "c0/2.png", "c0/4.png", "c0/6.png", "c1/1.png", "c1/3.png", "c1/5.png"])
      try FileManager.default.removeItem(atPath: "\(root)/train/c1/3.png")
      let survey = try ImageSurvey.of(part, classCount: 2)
      #expect(survey.counts == [3, 2] && survey.badFiles.map(\.index) == [1, 5])
      #expect(survey.badFiles[0].message == "\(root)/train/c0/2.png: neither PNG nor JPEG by its first bytes")
      #expect(survey.sizes?.least == ImageSize(width: 3, height: 3) && survey.sizes?.greatest == ImageSize(width: 9, height: 9))
      let found = survey.contradictions(in: part)
      #expect(found.count == 1 && found[0] == (2, 6))
      #expect(longtailError { try survey.validate() }?.message.contains("c1/3.png: there is no such file") == true)
      for threads in [2, 3, 16] { #expect(try ImageSurvey.of(part, classCount: 2, threads: threads) == survey) }
      #expect(try ImageSurvey.of(GlyphDataset.make(classCount: 2, largest: 3).part(.train), classCount: 2).counts == [3, 1])
    }
  }
}
