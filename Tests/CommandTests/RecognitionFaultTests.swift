import Foundation
import Images
import TestSupport
import Testing

extension ProcessTests {
  /// Files with a class each that are wrong: refused before the first step, with the file, the reason and the documented exit code.
  @Suite(.serialized) struct RecognitionFaultTests {
    /// What every case begins with: class folders of two classes, lists of them, files of MNIST's and CIFAR's kind; all of it right.
    private static func writeFiles(_ root: String) throws {
      for (label, name) in ["cat", "dog"].enumerated() {
        for split in ["train", "val"] {
          for number in 0..<4 {
            var image = RGBImage(width: 12, height: 12, fill: RGBColour(UInt8(40 * number), 90, UInt8(200 * label)))
            image.fill(x: 2..<5 + number, y: 3..<8, with: RGBColour(250, 250, 10))
            try image.write(to: "\(root)/folders/\(split)/\(name)/\(number).png")
          }
        }
      }
      for split in ["train", "val"] {
        let lines = (0..<8).map { "\(split)/\($0 < 4 ? "cat" : "dog")/\($0 % 4).png \($0 / 4)\n" }
        try write(lines.joined(), "\(root)/folders/\(split).txt")
      }
      let labels = (0..<8).map { UInt8($0 % 2) }
      for name in ["train", "t10k"] {
        try write(idx([8, 16, 16], (0..<2048).map { UInt8(truncatingIfNeeded: 7 * $0) }), "\(root)/idx/\(name)-images-idx3-ubyte")
        try write(idx([8], labels), "\(root)/idx/\(name)-labels-idx1-ubyte")
      }
      for name in (1...5).map({ "data_batch_\($0)" }) + ["test_batch"] {
        let records = (0..<10).flatMap { label in [UInt8(label)] + (0..<3072).map { UInt8(truncatingIfNeeded: $0 * (label + 3)) } }
        try write(records, "\(root)/cifar/\(name).bin")
      }
    }

    private static func write(_ text: String, _ path: String) throws { try write(Array(text.utf8), path) }

    private static func write(_ bytes: [UInt8], _ path: String) throws {
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    private static func idx(_ extents: [Int], _ content: [UInt8]) -> [UInt8] {
      [0, 0, 8, UInt8(extents.count)] + extents.flatMap { extent in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: extent >> $0) } }
        + content
    }

    /// A fault: what is done to the files, what is trained on, and what is said.
    struct Fault: CustomTestStringConvertible {
      var testDescription: String
      var settings: [String]
      var code: Int32
      var says: [String]
      var damage: @Sendable (_ root: String) throws -> Void = { _ in }
    }

    private static let folders = ["data.name=folder", "data.root=folders"]
    private static let list = ["data.name=list", "data.root=folders", "data.settings={train: train.txt, validation: val.txt}"]
    private static let idx = ["data.name=idx", "data.root=idx", "evaluation.split=test"]
    private static let cifar = ["data.name=cifar10", "data.root=cifar", "evaluation.split=test"]

    private static func cut(_ path: String, to count: Int) throws {
      try Data(contentsOf: URL(fileURLWithPath: path)).prefix(count).write(to: URL(fileURLWithPath: path))
    }

    static let faults: [Fault] = [
      Fault(
        testDescription: "no folder", settings: ["data.name=folder", "data.root=nowhere"], code: 66,
        says: ["nowhere: there is no such folder"]
      ),
      Fault(
        testDescription: "an epilogue that the network is not made for",
        settings: folders + ["model.settings={head: cosine}", "epilogue=[{name: classOffsets}]"], code: 64,
        says: ["classOffsets needs a last layer with a bias", "the head linear"]
      ),
      Fault(testDescription: "one class", settings: folders, code: 65, says: ["all training images are of class 'cat'"]) {
        for split in ["train", "val"] { try FileManager.default.removeItem(atPath: "\($0)/folders/\(split)/dog") }
      },
      Fault(testDescription: "an empty class", settings: folders, code: 65, says: ["folders/train/bird: no images in it"]) {
        try FileManager.default.createDirectory(atPath: "\($0)/folders/train/bird", withIntermediateDirectories: true)
      },
      Fault(
        testDescription: "a class that only validation has", settings: folders, code: 65,
        says: ["folders/val/dogs", "Did you mean 'dog'?"]
      ) {
        try FileManager.default.moveItem(atPath: "\($0)/folders/val/dog", toPath: "\($0)/folders/val/dogs")
      },
      Fault(testDescription: "an image that ends early", settings: folders, code: 65, says: ["folders/train/dog/2.png: broken PNG"]) {
        try cut("\($0)/folders/train/dog/2.png", to: 60)
      },
      Fault(testDescription: "a text that is called an image", settings: folders, code: 65, says: ["folders/val/dog/2.png"]) {
        try write("hello", "\($0)/folders/val/dog/2.png")
      },
      Fault(testDescription: "no list", settings: list, code: 66, says: ["'folders/train.txt' does not exist"]) {
        try FileManager.default.removeItem(atPath: "\($0)/folders/train.txt")
      },
      Fault(
        testDescription: "a line without a label", settings: list, code: 65,
        says: ["folders/train.txt:2: 'train/dog/1.png' has no label"]
      ) {
        try write("train/cat/1.png 0\ntrain/dog/1.png\n", "\($0)/folders/train.txt")
      },
      Fault(
        testDescription: "commas instead of blanks", settings: list, code: 65,
        says: ["folders/train.txt:1: 'train/cat/1.png,0' has no label"]
      ) {
        try write("train/cat/1.png,0\ntrain/dog/1.png,1\n", "\($0)/folders/train.txt")
      },
      Fault(testDescription: "an image of the list that is not there", settings: list, code: 66, says: ["folders/train/dog/9.png"]) {
        try write("train/cat/1.png 0\ntrain/dog/9.png 1\n", "\($0)/folders/train.txt")
      },
      Fault(testDescription: "an image twice", settings: list, code: 65, says: ["train/cat/1.png is named twice in train"]) {
        try write("train/cat/1.png 0\ntrain/dog/1.png 1\ntrain/cat/1.png 1\n", "\($0)/folders/train.txt")
      },
      Fault(
        testDescription: "numbers here, names there", settings: list, code: 65,
        says: ["folders/val.txt:1: label 'cat' is a name", "train.txt"]
      ) {
        try write("val/cat/1.png cat\nval/dog/1.png dog\n", "\($0)/folders/val.txt")
      },
      Fault(testDescription: "a label below 0", settings: list, code: 65, says: ["folders/train.txt:2: label -1 is not a class"]) {
        try write("train/cat/1.png 0\ntrain/dog/1.png -1\n", "\($0)/folders/train.txt")
      },
      Fault(testDescription: "other first bytes", settings: idx, code: 65, says: ["train-images-idx3-ubyte: not an IDX file"]) {
        try write(Array("PNG!".utf8) + [UInt8](repeating: 0, count: 40), "\($0)/idx/train-images-idx3-ubyte")
      },
      Fault(
        testDescription: "elements that are no bytes", settings: idx, code: 65,
        says: ["t10k-labels-idx1-ubyte: elements of type 13"]
      ) {
        try write([0, 0, 13, 1, 0, 0, 0, 8] + [UInt8](repeating: 0, count: 32), "\($0)/idx/t10k-labels-idx1-ubyte")
      },
      Fault(
        testDescription: "an IDX file that ends early", settings: idx, code: 65,
        says: ["bytes, but its header of 8 x 16 x 16 promises 2064"]
      ) {
        try cut("\($0)/idx/train-images-idx3-ubyte", to: 400)
      },
      Fault(
        testDescription: "images and labels swapped", settings: idx, code: 65,
        says: ["extents 8 are not those", "two files swapped?"]
      ) {
        let (images, labels) = ("\($0)/idx/train-images-idx3-ubyte", "\($0)/idx/train-labels-idx1-ubyte")
        try FileManager.default.moveItem(atPath: images, toPath: "\($0)/idx/other")
        try FileManager.default.moveItem(atPath: labels, toPath: images)
        try FileManager.default.moveItem(atPath: "\($0)/idx/other", toPath: labels)
      },
      Fault(
        testDescription: "fewer labels than images", settings: idx, code: 65,
        says: ["train-labels-idx1-ubyte: 7 labels for the 8 images"]
      ) {
        try write(idx([7], [0, 1, 0, 1, 0, 1, 0]), "\($0)/idx/train-labels-idx1-ubyte")
      },
      Fault(
        testDescription: "a CIFAR file that ends early", settings: cifar, code: 65,
        says: ["data_batch_2.bin: 30000 bytes are not whole records"]
      ) {
        try cut("\($0)/cifar/data_batch_2.bin", to: 30_000)
      },
      Fault(testDescription: "a CIFAR file that is missing", settings: cifar, code: 66, says: ["data_batch_3.bin' does not exist"]) {
        try FileManager.default.removeItem(atPath: "\($0)/cifar/data_batch_3.bin")
      },
      Fault(testDescription: "a CIFAR label above 9", settings: cifar, code: 65, says: ["test_batch.bin: image 0 has label 11"]) {
        try write([11] + [UInt8](repeating: 4, count: 3072), "\($0)/cifar/test_batch.bin")
      },
      Fault(
        testDescription: "another data set in CIFAR's place", settings: ["data.name=cifar10", "data.root=folders"], code: 65,
        says: ["2 class folders, but cifar10 has 10 classes", "set data.name to folder"]),
    ]

    private static let configuration = """
      task: recognition
      data: {name: folder, augmentation: {padAndCrop: 1}}
      model: {name: resnet10-small, settings: {width: 8}}
      objective: {name: balancedSoftmax}
      optimizer: {name: sgd, learningRate: 0.05}
      training: {epochs: 1, globalBatch: 4}
      evaluation: {batch: 4}
      engine: {algorithms: direct, threads: 1}
      reporting: {pictures: 0}
      """

    private func run(_ fault: Fault?, _ settings: [String], in directory: String) throws -> Program.Outcome {
      try Self.writeFiles(directory)
      try fault?.damage(directory)
      try Self.write(Self.configuration, "\(directory)/base.yaml")
      return try Program.run(
        "longtail", ["train", "base.yaml", "--output", "run"] + settings.flatMap { ["--set", $0] }, directory: directory)
    }

    @Test(arguments: [folders, list, idx, cifar]) func whatIsRightIsTrained(settings: [String]) throws {
      try withTemporaryDirectory { directory in
        expect(try run(nil, settings, in: directory), output: ["epoch 1/1", "digest "])
      }
    }

    @Test(arguments: faults) func whatIsWrongIsRefused(fault: Fault) throws {
      try withTemporaryDirectory { directory in
        let outcome = try run(fault, fault.settings, in: directory)
        #expect(outcome.exitCode == fault.code, "\(outcome)")
        for text in fault.says { #expect(outcome.errors.contains(text), "'\(text)' in: \(outcome)") }
        #expect(!outcome.output.contains("step 1"))
        let result = RunResult(path: "\(directory)/run")
        #expect(!result.names().contains("log.jsonl") && !result.names().contains("config.yaml") && result.checkpoints.isEmpty)
      }
    }
  }
}
