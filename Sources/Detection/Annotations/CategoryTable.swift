/// A class of objects.
public struct Category: Sendable, Hashable {
  /// LVIS: in how many training images it is.
  public enum Frequency: String, Sendable, CaseIterable, Hashable {
    /// In 1 to 10.
    case rare = "r"
    /// In 11 to 100.
    case common = "c"
    /// In more.
    case frequent = "f"

    /// `rare`, `common`, `frequent`.
    public var name: String {
      switch self {
      case .rare: "rare"
      case .common: "common"
      case .frequent: "frequent"
      }
    }
  }

  /// The id in the file; VOC has none and numbers from 1.
  public var id: Int
  /// Its name.
  public var name: String
  /// COCO: what it is a kind of; empty for nothing.
  public var supercategory = ""
  /// LVIS: its group.
  public var frequency: Frequency?
  /// LVIS: training images that have it.
  public var imageCount: Int?
  /// LVIS: training instances.
  public var instanceCount: Int?
  /// LVIS: its entry in WordNet; empty for none.
  public var synset = ""

  /// Describes a class.
  public init(id: Int, name: String, supercategory: String = "", frequency: Frequency? = nil) {
    (self.id, self.name, self.supercategory, self.frequency) = (id, name, supercategory, frequency)
  }
}

/// The classes of a set: column `k` of a network or a table is the class with the `k`-th smallest id.
public struct CategoryTable: Sendable, Hashable {
  /// The classes, by column.
  public let categories: [Category]
  private let columns: [Int: Int]

  /// Orders classes by id; of two with one id the first stays.
  public init(_ categories: [Category]) {
    var seen = Set<Int>()
    self.categories = categories.filter { seen.insert($0.id).inserted }.sorted { $0.id < $1.id }
    columns = Dictionary(uniqueKeysWithValues: self.categories.enumerated().map { ($1.id, $0) })
  }

  /// How many there are.
  public var count: Int { categories.count }
  /// The column of an id; nil for one that is unknown.
  public func column(ofID id: Int) -> Int? { columns[id] }
  /// The class of a column.
  public subscript(column: Int) -> Category { categories[column] }
  /// Whether every class has a group.
  public var hasFrequencies: Bool { !categories.isEmpty && categories.allSatisfy { $0.frequency != nil } }
}
