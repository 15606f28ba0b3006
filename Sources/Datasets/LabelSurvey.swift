import Foundation
import Images
import Tensors

/// What label files without a description hold: which numbers, or which colours.
struct LabelSurvey {
  /// Files that are read at most, evenly spread.
  static let fileLimit = 2000
  /// More classes than this are taken for a mistake.
  static let classLimit = 255

  /// Pixels of each number, where the files hold numbers.
  private(set) var numbers: [Int: Int] = [:]
  /// Pixels of each colour, where they hold colours.
  private(set) var colours: [RGBColour: Int] = [:]

  /// The palettes of the files that have numbers.
  private(set) var palettes = LabelPalettes()

  /// Reads the files. One that is broken is left to the check of the data.
  ///
  /// Where palettes contradict each other, their colours are what the files have in common, and `numbers` is empty.
  /// - Throws: `.badData` where none can be read, one can be read and cannot be used, some hold colours and others numbers, or there are
  ///   more colours than classes can be.
  init(of files: [String]) throws {
    let count = min(files.count, LabelSurvey.fileLimit)
    var numbered: String?
    var coloured: String?
    var failure: (any Error)?
    // Of palette files, pixels by colour; and the first file that uses a number past the end of its palette.
    var shown: [RGBColour: Int] = [:]
    var beyond: String?
    for place in 0..<count {
      let file = files[files.count * place / count]
      let finding: LabelFile.Finding
      do { finding = try LabelFile.find(in: file, colours: 4096) } catch {
        failure = failure ?? error
        continue
      }
      switch finding {
      case .unsuitable(let error): throw error
      case .numbers(let read):
        let histogram = read.labels.histogram()
        let used = histogram.indices.filter { histogram[$0] > 0 }
        for number in used {
          numbers[number, default: 0] += histogram[number]
          guard !read.palette.isEmpty else { continue }
          if number < read.palette.count { shown[read.palette[number], default: 0] += histogram[number] } else { beyond = beyond ?? file }
        }
        palettes.add(palette: read.palette, used: used, source: file)
        numbered = numbered ?? file
      case .colours(let found):
        guard let found else { throw LabelSurvey.tooMany(file) }
        coloured = coloured ?? file
        colours.merge(found, uniquingKeysWith: +)
        guard colours.count <= LabelSurvey.classLimit else { throw LabelSurvey.tooMany(file) }
      }
      if let numbered, let coloured {
        throw LongtailError(
          .badData, "\(coloured) holds colours, but \(numbered) holds numbers", advice: "All label files must be of one kind.")
      }
    }
    if numbered == nil, coloured == nil {
      throw failure ?? LongtailError(.badData, "there are no label files", advice: "Label files are PNGs.")
    }
    if let error = palettes.error {
      // Colours decide only where every number has one.
      if palettes.greySource != nil || beyond != nil { throw error }
      (numbers, colours) = ([:], shown)
    }
  }

  private static func tooMany(_ file: String) -> LongtailError {
    LongtailError(
      .badData, "\(file): more than \(classLimit) colours cannot be classes; is this an image, or were labels resized with blending?",
      advice: "Labels have one colour or number for each class, without shades between.")
  }

  /// The settings `classes` and `labelMap` or `labelColours` for what was found.
  ///
  /// Names come from `class_dict.csv` (name, red, green, blue), `classes.txt` and the like (`ClassNameList`) in the root, where there is
  /// one.
  func settings(in root: String) throws -> [RecognizedLayout.Setting] {
    colours.isEmpty ? numberSettings(in: root) : colourSettings(in: root)
  }

  private func numberSettings(in root: String) -> [RecognizedLayout.Setting] {
    let naming = naming(in: root)
    let found = naming.classes
    var settings = [
      RecognizedLayout.Setting(key: "classes", value: .list(found.map { .string($0.name) }), remark: naming.remark)
    ]
    if !naming.ignored.isEmpty || found.map(\.number) != Array(0..<found.count) {
      var map = Dictionary(found.enumerated().map { ("\($1.number)", SettingValue.int($0)) }) { one, _ in one }
      for number in naming.ignored { map["\(number)"] = "ignore" }
      if map["255"] == nil { map["255"] = "ignore" }
      settings.append(.init(key: "labelMap", value: .map(map), remark: "number in the files: place in classes, from 0"))
    }
    return settings
  }

  /// What a person has to know about names that were given to numbers, or not.
  func notes(in root: String) -> [String] { colours.isEmpty ? naming(in: root).notes : [] }

  private func naming(in root: String) -> ClassNaming { ClassNaming(numbers: Set(numbers.keys), list: ClassNameList.find(in: root)) }

  private func colourSettings(in root: String) -> [RecognizedLayout.Setting] {
    let dictionary = LabelSurvey.colourNames(in: root)
    let order = dictionary.map(\.colour).filter { colours[$0] != nil }
    let found = order + colours.keys.filter { !order.contains($0) }.sorted { $0.hexadecimal < $1.hexadecimal }
    var names: [String] = []
    var map: [String: SettingValue] = [:]
    for colour in found {
      let name = dictionary.first { $0.colour == colour }?.name ?? "class\(colour.hexadecimal.dropFirst())"
      if ["void", "ignore", "ignored", "unlabelled", "unlabeled"].contains(name.lowercased()) {
        map[colour.hexadecimal] = "ignore"
        continue
      }
      if !names.contains(name) { names.append(name) }
      map[colour.hexadecimal] = .string(name)
    }
    return [
      .init(
        key: "classes", value: .list(names.map { .string($0) }),
        remark: dictionary.isEmpty ? "names of your own; change them in labelColours too" : ""),
      .init(
        key: "labelColours", value: .map(map),
        remark: palettes.contradiction == nil
          ? "colour in the files: class, or ignore"
          : "colour in the files: class, or ignore; each file numbers its colours in an order of its own"),
    ]
  }

  /// Names by colour, from a table with a head line.
  private static func colourNames(in root: String) -> [(name: String, colour: RGBColour)] {
    guard let text = try? String(contentsOfFile: "\(root)/class_dict.csv", encoding: .utf8) else { return [] }
    return text.split(whereSeparator: \.isNewline).compactMap { line in
      let fields = line.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      guard fields.count == 4, let red = UInt8(fields[1]), let green = UInt8(fields[2]), let blue = UInt8(fields[3]) else { return nil }
      return (fields[0], RGBColour(red, green, blue))
    }
  }
}
