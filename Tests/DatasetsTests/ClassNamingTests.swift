import Datasets
import Foundation
import Images
import Tensors
import TestSupport
import Testing

/// Names that `init` gives to numbers in label files: right, or plainly nobody's.
@Suite struct ClassNamingTests {
  /// Writes samples that hold every one of the numbers, and recognizes them.
  private func recognize(_ root: String, numbers: Set<Int>, files: [String: String]) throws -> RecognizedLayout {
    let values = numbers.sorted().map { UInt8($0) }
    for index in 0..<2 {
      try writePair(image: "\(root)/images/\(index).png", labels: "\(root)/labels/\(index).png", values: values)
    }
    for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: "\(root)/\(name)")) }
    return try DatasetRegistry.recognize(root)
  }

  /// The name of each number; nil for one that is ignored.
  private func names(_ numbers: Set<Int>, _ files: [String: String]) throws -> (names: [Int: String], notes: [String], remark: String) {
    try withTemporaryDirectory { root in
      let layout = try recognize(root, numbers: numbers, files: files)
      let dataset = try layout.open()
      var names: [Int: String] = [:]
      for number in numbers {
        switch dataset.labelMap.meanings[number] {
        case .classIndex(let index): names[number] = dataset.classes[index].name
        case .ignored: break
        case .unknown: Issue.record("\(number) means nothing")
        }
      }
      return (names, layout.notes, layout.settings.first { $0.key == "classes" }?.remark ?? "")
    }
  }

  @Test func namesBelongToNumbers() throws {
    let three = "ground\nred\ngreen\n"
    #expect(try names([1, 2, 3], ["classes.txt": three]).names == [1: "ground", 2: "red", 3: "green"])
    #expect(try names([0, 1, 2], ["classes.txt": three]).names == [0: "ground", 1: "red", 2: "green"])
    // An unlabelled 0, or a list that lacks a name.
    let unlabelled = try names([0, 1, 2, 3], ["classes.txt": three])
    #expect(unlabelled.names == [0: "class0", 1: "class1", 2: "class2", 3: "class3"])
    #expect(unlabelled.notes.count == 1 && unlabelled.notes[0].contains("either 0 is what nobody labelled"))
    // With gaps, and with 255 for what nobody labelled.
    #expect(try names([1, 3], ["classes.txt": three]).names == [1: "ground", 3: "green"])
    #expect(try names([0, 1, 255], ["labels.txt": three]).names == [0: "ground", 1: "red"])
    #expect(try names([0, 2], ["codes.txt": "\u{FEFF}ground\r\nred\r\ngreen\r\n"]).names == [0: "ground", 2: "green"])
    // Either may be meant.
    for numbers: Set in [[1, 2], [0, 1], [2], [1, 2, 3, 4], [5, 9]] {
      let found = try names(numbers, ["classes.txt": three])
      #expect(found.names.allSatisfy { $1 == "class\($0)" } && found.names.count == numbers.count, "\(numbers)")
      #expect(found.notes.count == 1 && found.notes[0].contains("classes.txt") && found.remark.contains("classes.txt"), "\(numbers)")
    }
    // The first name says where the list begins.
    #expect(try names([1, 2], ["class_names.txt": "_background_\nred\ngreen\n"]).names == [1: "red", 2: "green"])
    #expect(try names([0, 1], ["labels.txt": "__ignore__\n_background_\nred\n"]).names == [0: "_background_", 1: "red"])
    #expect(try names([0, 1, 2], ["classes.txt": "void\nred\ngreen\n"]).names == [1: "red", 2: "green"])
    // Numbers that stand in the file.
    let numbered = [
      "7 red\n9 green\n", "9,green\n7,red\n", "number,name\n7,red\n9,green\n", "name,id\nred,7\ngreen,9\n", "7: red\n9: green\n",
    ]
    for text in numbered {
      #expect(try names([7, 9], ["classes.txt": text]).names == [7: "red", 9: "green"], "\(text)")
    }
    #expect(try names([0, 255], ["classes.txt": "background\nlesion\n"]).names == [0: "background", 255: "lesion"])
    #expect(try names([0, 255], ["classes.txt": "lesion\nbackground\n"]).names == [0: "background", 255: "object"])
    #expect(try names([0, 255], ["classes.txt": "lesion\n"]).names == [0: "background", 255: "lesion"])
    let twice = try names([0, 1], ["classes.txt": "red\nred\n"])
    #expect(twice.names == [0: "class0", 1: "class1"] && twice.notes.first?.contains("twice") == true)
  }

  /// Two hundred lists whose truth is known: each number has its own name or none, and what list was taken how is said.
  @Test func twoHundredListsGiveNoNumberTheNameOfAnother() throws {
    var random = SeededNumbers(seed: 33)
    var (named, neutral, assumed, ignoredClasses) = (0, 0, 0, 0)
    for member in 0..<200 {
      let count = Int.random(in: 2...7, using: &random)
      let first = Int.random(in: 0...1, using: &random)
      var truth = Dictionary(uniqueKeysWithValues: (0..<count).map { ($0 + first, "name \(Character(UnicodeScalar(UInt8(97 + $0))))") })
      var lines = truth.sorted { $0.key < $1.key }.map(\.value)
      let hasBackground = first == 0 && Bool.random(using: &random)
      if hasBackground {
        lines[0] = "background"
        truth[0] = "background"
      }
      // A list with one name more or fewer than there are classes; with their numbers now and then.
      let change = Int.random(in: 0..<4, using: &random)
      if change == 1 { lines.append("name z") }
      if change == 2 { lines.removeLast() }
      var text = lines
      let isNumbered = Int.random(in: 0..<5, using: &random) == 0
      if isNumbered { text = lines.enumerated().map { "\($0 + first): \($1)" } }
      var numbers = Set(truth.keys)
      let drops = Int.random(in: 0..<3, using: &random)
      for _ in 0..<drops where numbers.count > 1 { numbers.remove(numbers.randomElement(using: &random) ?? 0) }
      let unlabelled = Int.random(in: 0..<3, using: &random)
      if unlabelled == 1, first == 1 { numbers.insert(0) }
      if unlabelled == 2 { numbers.insert(255) }
      guard !numbers.isSubset(of: [255]), numbers != [0, 255] else { continue }
      let found = try names(numbers, ["classes.txt": text.joined(separator: "\n") + "\n"])
      var isNeutral = false
      for number in numbers where number != 255 {
        let real = truth[number]
        switch found.names[number] {
        case nil:
          ignoredClasses += 1
          #expect(real == nil, "member \(member): \(number) is a class and was ignored")
        case "class\(number)": isNeutral = true
        case real: break
        case let name?:
          // The counts fit, and nothing in the files tells that the list is another one: begins at 1 with its last class absent, or lacks
          // its last name with class 0 absent.
          let greatest = numbers.subtracting([255]).max() ?? 0
          let fitsZero = numbers.contains(0) && greatest == lines.count - 1 && first == 1
          let fitsOne = !numbers.contains(0) && greatest == lines.count && first == 0
          #expect(fitsZero || fitsOne, "member \(member): \(number) is \(real ?? "nothing"), called \(name)")
          #expect(found.remark == "names of classes.txt, number \(fitsZero ? 0 : 1) first", "member \(member): it is said")
          assumed += 1
        }
      }
      if isNeutral { #expect(!found.notes.isEmpty, "member \(member): neutral names are said") }
      if isNeutral { neutral += 1 } else { named += 1 }
    }
    print("names: \(named) lists given, \(neutral) left neutral and said; \(assumed) names by a rule that is said; \(ignoredClasses) lost")
    #expect(named >= 60 && neutral >= 20 && ignoredClasses == 0)
  }

  @Test func labelsNamedAsTheWholePicture() throws {
    try withTemporaryDirectory { root in
      for index in 0..<3 {
        try TinyExperiment.writePair(
          image: "\(root)/images/\(index).png", labels: "\(root)/labels/\(index).png.png", size: ImageSize(width: 8, height: 8),
          number: index, classes: 3, ignored: nil)
      }
      try RGBImage(width: 8, height: 8).write(to: "\(root)/images/3.jpg")
      try LabelImage(width: 8, height: 8, fill: 1).writePNG(to: "\(root)/labels/3.jpg.png")
      let layout = try DatasetRegistry.recognize(root)
      #expect(!layout.settings.contains { $0.key == "labelSuffix" })
      let dataset = try layout.open()
      #expect(dataset.count(of: .train) + dataset.count(of: .validation) == 4)
      let settings: [String: SettingValue] = [
        "root": .string(root), "trainImages": "images", "trainLabels": "labels", "classes": ["a", "b", "c"],
      ]
      let plain = try DatasetRegistry.make(name: "folder", settings: settings)
      #expect((0..<4).map { plain.identifier(split: .train, index: $0) } == ["0", "1", "2", "3"])
      #expect(try plain.sample(split: .train, index: 3).labels[0, 0] == 1)
      try LabelImage(width: 8, height: 8, fill: 1).writePNG(to: "\(root)/labels/3.png")
      let error = longtailError { try DatasetRegistry.make(name: "folder", settings: settings) }
      #expect(error?.message.contains("3.jpg: both") == true, "\(String(describing: error))")
    }
  }

  /// The advice names the setting that makes pairs of what does not fit.
  @Test func aSuffixIsProposed() throws {
    try withTemporaryDirectory { root in
      for index in 0..<3 {
        try writePair(image: "\(root)/images/\(index).png", labels: "\(root)/labels/\(index)_theMask.png", values: [0, 1])
      }
      let settings: [String: SettingValue] = [
        "root": .string(root), "trainImages": "images", "trainLabels": "labels", "classes": ["a", "b"],
      ]
      let error = longtailError { try DatasetRegistry.make(name: "folder", settings: settings) }
      #expect(error?.advice?.contains("labelSuffix to \"_theMask\"") == true, "\(String(describing: error))")
      let right = settings.merging(["labelSuffix": "_theMask"]) { $1 }
      #expect(try DatasetRegistry.make(name: "folder", settings: right).count(of: .train) == 3)
    }
  }

  @Test func labelmeVOCExport() throws {
    try withTemporaryDirectory { root in
      for index in 0..<6 {
        try TinyExperiment.writePair(
          image: "\(root)/scratch/\(index).png", labels: "\(root)/SegmentationClassPNG/\(index).png", size: ImageSize(width: 8, height: 8),
          number: index, classes: 3, ignored: nil)
        try RGBImage(contentsOf: "\(root)/scratch/\(index).png").write(to: "\(root)/JPEGImages/\(index).jpg")
        for folder in ["SegmentationClass", "SegmentationClassVisualization"] {
          try FileManager.default.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
        }
        try Data([0x93]).write(to: URL(fileURLWithPath: "\(root)/SegmentationClass/\(index).npy"))
      }
      try Data("_background_\nred\ngreen\n".utf8).write(to: URL(fileURLWithPath: "\(root)/class_names.txt"))
      let dataset = try DatasetRegistry.recognize(root).open()
      #expect(dataset.classes.map(\.name) == ["_background_", "red", "green"])
      #expect(dataset.count(of: .train) + dataset.count(of: .validation) == 6)
    }
  }

  /// Labels from which nothing follows.
  @Test func labelsOfOneClassAreRefused() throws {
    try withTemporaryDirectory { root in
      try writePair(image: "\(root)/images/a.png", labels: "\(root)/labels/a.png", values: [0, 0, 255, 255, 255])
      func statistics(_ more: [String: SettingValue]) throws -> (LabelStatistics, any SegmentationDataset) {
        let settings: [String: SettingValue] = [
          "root": .string(root), "trainImages": "images", "trainLabels": "labels", "classes": ["background", "lesion"],
        ]
        let dataset = try DatasetRegistry.make(name: "folder", settings: settings.merging(more) { $1 })
        return (try LabelAudit.run(dataset, split: .train, threads: 1).statistics, dataset)
      }
      let (hidden, dataset) = try statistics([:])
      let error = try #require(longtailError { try hidden.requireSeveralClasses(of: dataset) })
      #expect(error.code == .badData && error.message.contains("all 2 labelled pixels of the training images are 'background'"))
      #expect(error.message.contains("the other 3 pixels are 255") && error.advice?.contains("{0: background, 255: lesion}") == true)
      let (right, mapped) = try statistics(["labelMap": ["0": "background", "255": "lesion"]])
      try right.requireSeveralClasses(of: mapped)
      let (none, ignoring) = try statistics(["ignoreIndex": 0, "labelMap": ["0": "ignore", "255": "ignore"]])
      #expect(longtailError { try none.requireSeveralClasses(of: ignoring) }?.message.contains("no pixel of its 1 label files") == true)
      #expect(right.classesMissing(in: hidden, split: .validation, of: mapped).first?.contains("no pixel of lesion in split 'val'") == true)
      #expect(hidden.classesMissing(in: right, split: .validation, of: mapped).first?.contains("cannot be learned") == true)
    }
  }
}
