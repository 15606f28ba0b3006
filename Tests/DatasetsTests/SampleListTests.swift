import Datasets
import Foundation
import Images
import Tensors
import TestSupport
import Testing

/// Lists of samples: a name finds what it says, or nothing.
@Suite struct SampleListTests {
  /// A sample's image is red by its number, and so are its labels.
  private func write(_ name: String, number: Int, in root: String, image: Bool = true, labels: Bool = true) throws {
    let values = [UInt8](repeating: UInt8(number), count: 2)
    let scratch = "\(root)/scratch"
    try writePair(
      image: image ? "\(root)/images/\(name).png" : "\(scratch)/image.png",
      labels: labels ? "\(root)/labels/\(name).png" : "\(scratch)/labels.png", values: values)
  }

  private func open(_ root: String, list: String, settings: [String: SettingValue] = [:]) throws -> any SegmentationDataset {
    try Data(list.utf8).write(to: URL(fileURLWithPath: "\(root)/list.txt"))
    let all: [String: SettingValue] = [
      "root": .string(root), "trainImages": "images", "trainLabels": "labels", "trainList": "list.txt",
      "classes": .list((0..<60).map { .string("c\($0)") }),
    ]
    return try DatasetRegistry.make(name: "folder", settings: all.merging(settings) { $1 })
  }

  /// The numbers of the images that were found, each of which has to have its own labels.
  private func numbers(_ dataset: any SegmentationDataset) throws -> Set<Int> {
    var found = Set<Int>()
    for index in 0..<dataset.count(of: .train) {
      let sample = try dataset.sample(split: .train, index: index)
      #expect(Int(sample.image[0, 0].red) == Int(sample.labels[0, 0]), "picture and labels are of one sample")
      #expect(found.insert(Int(sample.image[0, 0].red)).inserted, "no sample is there twice")
    }
    return found
  }

  @Test func theWholeLineComesFirst() throws {
    try withTemporaryDirectory { root in
      for (number, name) in ["tower", "tower north", "s02", "it's 01", "#1 front"].enumerated() {
        try write(name, number: number, in: root)
      }
      #expect(try numbers(open(root, list: "tower north\ns02\n")) == [1, 2])
      #expect(try numbers(open(root, list: "\u{FEFF}tower north  \r\n\r\n# remark\r\n\ts02\t\r\n")) == [1, 2])
      #expect(try numbers(open(root, list: "\"tower north\" 1 1\ns02 1 1\n")) == [1, 2])
      #expect(try numbers(open(root, list: "tower north\tpart a\ns02\tpart b")) == [1, 2])
      #expect(try numbers(open(root, list: "tower north 1 0\ns02 1 0\n")) == [1, 2])
      #expect(try numbers(open(root, list: "it's 01\n#1 front\n# none of these\n")) == [3, 4])
      #expect(try numbers(open(root, list: "images/tower north.png labels/tower north.png\nimages/s02.png labels/s02.png")) == [1, 2])
    }
  }

  /// What has no file is an error, although the beginning of its name has one.
  @Test(arguments: ["tower east", "tower east.png", "tower 2", "tower north 2", "\"tower east\" 1", "tower east\t1", "ower", "towe"])
  func aMissingNameIsNotItsBeginning(line: String) throws {
    try withTemporaryDirectory { root in
      for (number, name) in ["tower", "tower north", "s02"].enumerated() { try write(name, number: number, in: root) }
      let error = try #require(longtailError { try open(root, list: "s02\n\(line)\n") })
      #expect(error.code == .missingInput && error.message.contains("\(root)/list.txt, line 2: it names "), "\(error)")
    }
  }

  /// A camera's frame has its own labels, not those of another camera.
  @Test func pictureAndLabelsAreFoundByOneKey() throws {
    try withTemporaryDirectory { root in
      for (number, name) in ["camA/f0", "camA/f1", "camB/f0"].enumerated() { try write(name, number: number, in: root) }
      try write("camB/f1", number: 3, in: root, labels: false)
      let list = "camA/f0\ncamA/f1\ncamB/f0\n"
      #expect(try numbers(open(root, list: list)) == [0, 1, 2])
      let error = try #require(longtailError { try open(root, list: list + "camB/f1\n") })
      #expect(error.code == .missingInput && error.message.contains("it names camB/f1, but there is no such label file"))
      // Neither another camera's image, nor one of two.
      #expect(longtailError { try open(root, list: "camC/f1\n") }?.message.contains("no such image") == true)
      #expect(longtailError { try open(root, list: "f0\n") }?.message.contains("f0 may be camA/f0 or camB/f0") == true)
      #expect(try numbers(open(root, list: "images/camB/f0.png\n/far/away/camA/f0.jpg\n")) == [0, 2])
      #expect(longtailError { try open(root, list: "camA/f0\nimages/camA/f0.png\n") }?.message.contains("twice, in line 1 too") == true)
      #expect(longtailError { try open(root, list: "images/camA/f0.png labels/camB/f0.png extra.png\n") } != nil)
      // Labels that the line names are those that are taken, or nothing is.
      #expect(longtailError { try open(root, list: "camB/f1.png camB/none.png\n") }?.message.contains("no such label file") == true)
      #expect(longtailError { try open(root, list: "\n# nothing\n") }?.message.contains("no samples in it") == true)
    }
  }

  /// A frame of a camera that has none is not the frame of the same name that lies above the cameras.
  @Test func aFolderThatIsKnownIsNotLeftOut() throws {
    try withTemporaryDirectory { root in
      for (number, name) in ["f0", "camA/f1"].enumerated() { try write(name, number: number, in: root) }
      try write("camB/f0", number: 2, in: root, image: false)
      for name in ["camA/f0", "camB/f0", "images/camA/f0.png"] {
        #expect(longtailError { try open(root, list: "\(name)\n") }?.message.contains("no such image") == true, "\(name)")
      }
      #expect(try numbers(open(root, list: "elsewhere/f0\nelsewhere/camA/f1\n")) == [0, 1])
      // A line of two paths is not the image that its last part is called.
      try write("g", number: 3, in: root)
      let two = try open(root, list: "images/g.png labels/f0.png\n")
      #expect(try two.sample(split: .train, index: 0).image[0, 0].red == 3)
      #expect(longtailError { try open(root, list: "images/g labels/f0\n") } != nil)
    }
  }

  /// A path that is there, but belongs to other images, is not looked for among these.
  @Test func aListOfAnotherFolderIsRefused() throws {
    try withTemporaryDirectory { root in
      try write("s00", number: 0, in: root)
      try writePair(image: "\(root)/val/images/s00.png", labels: "\(root)/val/labels/s00.png", values: [1, 1])
      let error = try #require(longtailError { try open(root, list: "val/images/s00.png\n") })
      #expect(error.code == .badData && error.message.contains("val/images/s00.png, which is not among the images"), "\(error)")
    }
  }

  @Test func twoPathsALineMayHoldBlanks() throws {
    try withTemporaryDirectory { root in
      try write("s 00", number: 0, in: root)
      try write("s01", number: 1, in: root)
      func pairs(_ list: String) throws -> Set<Int> {
        try Data(list.utf8).write(to: URL(fileURLWithPath: "\(root)/pairs.txt"))
        return try numbers(
          DatasetRegistry.make(
            name: "folder",
            settings: ["root": .string(root), "trainList": "pairs.txt", "classes": .list((0..<9).map { .string("c\($0)") })]))
      }
      let second = "images/s01.png labels/s01.png\n"
      #expect(try pairs("\"images/s 00.png\" \"labels/s 00.png\"\n" + second) == [0, 1])
      #expect(try pairs("images/s 00.png\tlabels/s 00.png\n" + second) == [0, 1])
      #expect(try pairs("images/s 00.png labels/s 00.png\n" + second) == [0, 1])
      #expect(try pairs("'images/s 00.png' labels/s 00.png 12\n" + second) == [0, 1])
      #expect(longtailError { try pairs("images/s01.png images/s01.png\n") }?.message.contains("one file") == true)
      #expect(longtailError { try pairs("images/s01.png\n") }?.message.contains("no second path") == true)
      #expect(longtailError { try pairs("images/s 00.png\n") }?.message.contains("no second path") == true)
      #expect(longtailError { try pairs("images/s01.png labels/none.png\n") }?.message.contains("labels/none.png") == true)
      #expect(longtailError { try pairs(second + "./images/s01.png labels/s01.png\n") }?.message.contains("twice") == true)
      // Two ways to read one line.
      try writePair(image: "\(root)/a", labels: "\(root)/b c", values: [2, 2])
      try writePair(image: "\(root)/a b", labels: "\(root)/c", values: [3, 3])
      #expect(longtailError { try pairs("a b c\n") }?.message.contains("it may name") == true)
    }
  }

  // MARK: Many members

  /// Names that begin with each other, end in numbers, and hold what lists use to divide.
  private static let pools = [
    ["s00", "s01", "s02", "s03", "s04", "s05"], ["my photo 01", "my photo 02", "my photo", "my", "photo", "my photo 1"],
    ["tower", "tower north", "tower north 2", "tower 2", "tow", "north"], ["camA/f0", "camA/f1", "camB/f0", "camB/f1", "camC/f0", "f0"],
    ["a b/c d", "a b/c", "a/c d", "c d", "b/c", "a"], ["é 1", "ü 2", "it's", "\"x\"", "#1", "日本 1"],
    ["seq 1/camA/f 0", "seq 1/camB/f 0", "seq 2/camA/f 0", "seq 2/camB/f 0", "seq 2/f 0", "f 0"], ["1", "2", "1 2", "2 1", "1 1", "0"],
    ["x.jpg", "x", "x.png 1", "x 1", "y.jpeg", "y"], ["A", "a", "A b", "a B", "a b", "B"],
  ]

  private enum Style: CaseIterable {
    case plain, quoted, ending, tab, numbers, twoPaths, folders
    func line(_ name: String, _ prefix: String) -> String {
      switch self {
      case .plain: name
      case .quoted: "\"\(name)\""
      case .ending: "\(name).png"
      case .tab: "\(name)\tcolumn of text"
      case .numbers: "\(name) 1 -1"
      case .twoPaths: "images/\(name).png labels/\(name).png"
      case .folders: "\(prefix)/\(name).png"
      }
    }
  }

  /// Two hundred lists, some with a sample whose image or labels are missing: what is found is what was meant, or the list is refused.
  @Test func twoHundredListsFindWhatTheySay() throws {
    var random = SeededNumbers(seed: 12)
    var (right, refused, unexpected) = (0, 0, [String]())
    for member in 0..<200 {
      try withTemporaryDirectory { root in
        let pool = Self.pools[member % Self.pools.count]
        let style = Style.allCases.randomElement(using: &random) ?? .plain
        let listed = Set(pool.shuffled(using: &random).prefix(Int.random(in: 1...5, using: &random)))
        let missing = Int.random(in: 0..<3, using: &random)
        let victim = missing > 0 ? listed.sorted()[0] : nil
        for (number, name) in pool.enumerated() {
          try write(name, number: number, in: root, image: !(name == victim && missing == 1), labels: !(name == victim && missing == 2))
        }
        let ending = Bool.random(using: &random) ? "\r\n" : "\n"
        let prefix = ["images", "/data/images", "."].randomElement(using: &random) ?? "images"
        let text = listed.shuffled(using: &random).map { style.line($0, prefix) + (Bool.random(using: &random) ? "  " : "") }
          .joined(separator: ending)
        do {
          let found = try numbers(open(root, list: (Bool.random(using: &random) ? "\u{FEFF}" : "") + text))
          let meant = Set(pool.indices.filter { listed.contains(pool[$0]) })
          #expect(found == meant, "member \(member), \(style): \(text)")
          #expect(victim == nil, "member \(member), \(style), without \(victim ?? ""): \(text)")
          right += 1
        } catch let error as LongtailError {
          #expect(error.message.contains(root), "member \(member): \(error)")
          if victim == nil { unexpected.append("\(style) \(text.debugDescription): \(error.message)") }
          refused += 1
        }
      }
    }
    print("lists: \(right) found what they say, \(refused) refused, \(unexpected.count) of them although everything is there")
    for line in unexpected { print("  \(line)") }
    #expect(right >= 50 && unexpected.count <= 30)
  }
}
