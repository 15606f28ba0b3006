import Settings
import Tensors

extension Configuration {
  /// Section `data`: what to train on.
  public struct DataSet: Section {
    /// The data set's name in its registry: `scenes`, `camvid`, `cityscapes`, `ade20k`, `pascalVOC`, `oxfordPets`, `nyuv2`, `folder`.
    public var name = "scenes"
    /// Where its files are, as seen from the working directory; a data set that is generated needs none.
    public var root: String?
    /// The network's input in pixels, before padding; the data set's own size when not given.
    public var size: Size?
    /// What only this data set knows; its registry checks the names.
    public var settings: [String: SettingValue] = [:]
    /// What to do about files that cannot be used.
    public var badFiles = BadFiles.refuse
    /// How training images are varied.
    public var augmentation = Augmentation()
    /// Subtracted from each channel, in units of 0 to 1, in the order R, G, B.
    public var mean = [0.485, 0.456, 0.406]
    /// Each channel is divided by it, in units of 0 to 1, in the order R, G, B.
    public var standardDeviation = [0.229, 0.224, 0.225]
    /// The values of image files of 16 bits that become black and white; such files are refused without it. Files of 8 bits need none.
    public var range: [Int]?
    /// How images come into memory.
    public var loader = Loader()
    /// Which training samples an epoch is made of; all, each once, in random order when not given.
    public var sampler: Sampler?
    /// How training samples are divided into samples for training and for validation; the data set's own parts when not given.
    public var split: Division?
    /// Which part of the training images of a balanced data set is used, so that it is long-tailed; all of them when not given.
    public var longTail: LongTailedSubset?

    /// What happens with files that are broken, too large, of another type than they should be, or that do not fit together.
    public enum BadFiles: String, CaseIterable, Choice {
      /// They are named, and the run does not begin.
      case refuse
      /// They are named and counted, and training and evaluation do without their samples.
      case skip
    }

    /// All defaults.
    public init() {}

    /// What the registry is given: `settings`, and `root` where there is one.
    public var registrySettings: [String: SettingValue] {
      var all = settings
      if let root { all["root"] = .string(root) }
      return all
    }

    /// What does not fit together.
    public func contradictions() -> [Contradiction] {
      var found =
        settings["root"] == nil ? [] : [Contradiction("settings", "`root` is a key of `data` itself; move it one level up")]
      if let range, range.count == 2, range[0] >= range[1] {
        found.append(Contradiction("range", "the value for black, \(range[0]), is not below that for white, \(range[1])"))
      }
      return found
    }

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("name", &name, "scenes, camvid, cityscapes, ade20k, pascalVOC, oxfordPets, nyuv2, folder", .notEmpty)
      visitor.optionalKey("root", &root, "directory of the files, from the working directory", .path)
      visitor.section("size", &size, "network input in pixels, before padding; the data set's own when not given")
      visitor.key("settings", &settings, "what only this data set knows")
      visitor.key("badFiles", &badFiles, "files that cannot be used: refuse names them and ends, skip goes on without their samples")
      visitor.section("augmentation", &augmentation, "how training images are varied")
      visitor.key("mean", &mean, "per channel R, G, B, in units of 0 to 1", .count(3, "R, G and B"), .each(.between(0, 1)))
      visitor.key(
        "standardDeviation", &standardDeviation, "per channel R, G, B, in units of 0 to 1", .count(3, "R, G and B"),
        .each(.above(0)))
      visitor.optionalKey(
        "range", &range, "values of 16-bit image files that become black and white, such as [0, 4095]; longtail stats measures them",
        .count(2, "the values for black and for white"), .each(.between(0, 65_535)))
      visitor.section("loader", &loader, "how images come into memory")
      visitor.section("sampler", &sampler, "which samples an epoch is made of; all, each once, in random order when not given")
      visitor.section("split", &split, "divides the training samples into training and validation; the data set's own parts when not given")
      visitor.section("longTail", &longTail, "recognition: a long-tailed part of the training images; all of them when not given")
    }
  }

  /// An extent in pixels.
  public struct Size: Section, Equatable {
    /// Pixels from left to right.
    public var width = 0
    /// Pixels from top to bottom.
    public var height = 0

    /// No extent; reading refuses it.
    public init() {}

    /// An extent of `width` by `height` pixels.
    public init(width: Int, height: Int) { (self.width, self.height) = (width, height) }

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("width", &width, "pixels", .between(1, 65_535))
      visitor.key("height", &height, "pixels", .between(1, 65_535))
    }

    /// What does not fit together.
    public func contradictions() -> [Contradiction] {
      if width == 0 { return [Contradiction("width", "missing; give width and height")] }
      return height == 0 ? [Contradiction("height", "missing; give width and height")] : []
    }
  }

  /// Section `data.loader`: how images come into memory.
  public struct Loader: Section {
    /// Threads that decode, in each rank.
    public var threads = 1
    /// Batches that are made ready ahead of the step.
    public var prefetch = 3
    /// Memory for decoded images, in each rank; 0 decodes every time.
    public var cacheMegabytes = 1024

    /// All defaults.
    public init() {}

    /// Shows every key.
    public mutating func visit(_ visitor: inout some KeyVisitor) {
      visitor.key("threads", &threads, "decoding threads in each rank", .between(1, 1024))
      visitor.key("prefetch", &prefetch, "batches made ready ahead of the step", .between(1, 1024))
      visitor.key("cacheMegabytes", &cacheMegabytes, "memory for decoded images in each rank; 0 keeps none", .atLeast(0))
    }
  }
}
