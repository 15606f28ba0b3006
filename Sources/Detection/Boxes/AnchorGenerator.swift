import Kernels

/// The boxes that a detector starts from: a few of given sizes and shapes about every cell of every level of a pyramid.
///
/// For ratio r (height over width) and size s a cell's anchor has height s sqrt(r) and width s / sqrt(r), its edges rounded to whole
/// pixels, halves to even. The anchor of cell (row, column) is moved by (column, row) times the level's stride: padded image extent over
/// feature extent, rounded down, for each axis. Order: level, row, column; within a cell all sizes of the first ratio, then of the next.
/// Source: torchvision's `AnchorGenerator`, in its float32.
package struct AnchorGenerator: Sendable, Equatable {
  /// The anchors of a cell about 0, 0, for each level.
  package let cells: [[CornerBox]]

  /// Of Faster R-CNN on a pyramid: one size a level from 32 on, three shapes.
  package static let regionProposals = AnchorGenerator(sizes: [[32], [64], [128], [256], [512]])

  /// - Parameters:
  ///   - sizes: sides of square anchors in pixels, for each level, the finest first.
  ///   - ratios: height over width.
  package init(sizes: [[Float]], ratios: [Float] = [0.5, 1, 2]) {
    cells = sizes.map { sizes in
      ratios.flatMap { ratio in
        let tall = ratio.squareRoot()
        let wide = 1 / tall
        return sizes.map { size in
          let half = (width: (wide * size / 2).rounded(.toNearestOrEven), height: (tall * size / 2).rounded(.toNearestOrEven))
          return CornerBox(-half.width, -half.height, half.width, half.height)
        }
      }
    }
  }

  /// All anchors of an image.
  /// - Parameters:
  ///   - width: columns of the padded image.
  ///   - height: its rows.
  ///   - levels: rows and columns of each level's features; as many levels as there are sizes.
  ///   - isPacked: whether the heads' rows are those of all levels in one activation; see `PackedLevels`.
  package func grid(width: Int, height: Int, levels: [(height: Int, width: Int)], isPacked: Bool = false) -> AnchorGrid {
    precondition(levels.count == cells.count, "an anchor generator of \(cells.count) levels is given \(levels.count)")
    var grid = AnchorGrid()
    let packed = PackedLevels(levels)
    grid.packedRows = isPacked ? packed.height * packed.width : nil
    for (place, (cell, level)) in zip(cells, levels).enumerated() {
      let (down, across) = (height / max(1, level.height), width / max(1, level.width))
      grid.levels.append(
        AnchorGrid.Level(
          first: grid.anchors.count, height: level.height, width: level.width, anchorsPerCell: cell.count,
          firstRow: isPacked ? packed.levels[place].origin : 0, rowStep: isPacked ? packed.width : level.width))
      for row in 0..<level.height {
        for column in 0..<level.width {
          let (x, y) = (Float(column * across), Float(row * down))
          for anchor in cell {
            grid.anchors.append(CornerBox(x + anchor.left, y + anchor.top, x + anchor.right, y + anchor.bottom))
          }
        }
      }
    }
    return grid
  }
}

/// The anchors of an image, level after level.
package struct AnchorGrid: Sendable {
  /// A level of the pyramid.
  package struct Level: Sendable, Equatable {
    /// The number of its first anchor.
    package let first: Int
    /// Rows of cells.
    package let height: Int
    /// Columns of cells.
    package let width: Int
    /// Anchors of a cell.
    package let anchorsPerCell: Int
    /// The row of the head's output that speaks of the first cell.
    package let firstRow: Int
    /// Rows of the head's output from one row of cells to the next.
    package let rowStep: Int
    /// The row of the head's output that speaks of a cell, which is counted row by row.
    package func row(ofCell cell: Int) -> Int { firstRow + cell / width * rowStep + cell % width }
    /// Anchors of the level.
    package var count: Int { height * width * anchorsPerCell }
  }

  /// Where a head says something of an anchor: the channel of its score; its codes are channels 4 `anchor` to 4 `anchor` + 3.
  package struct Place: Sendable, Equatable {
    /// The head's output: the level, or 0 where one output is of all levels.
    package var level: Int
    /// The row of the head's output.
    package var row: Int
    /// The anchor of the cell.
    package var anchor: Int
  }

  /// The levels, the finest first.
  package fileprivate(set) var levels: [Level] = []
  /// Rows of the heads' outputs where one activation holds all levels; nil where each level has its own.
  package fileprivate(set) var packedRows: Int?
  /// The boxes: level, row, column, anchor of the cell.
  package fileprivate(set) var anchors: [CornerBox] = []

  /// Where the heads say something of an anchor.
  package func place(of anchor: Int) -> Place {
    var level = levels.count - 1
    while level > 0 && anchor < levels[level].first { level -= 1 }
    let (cell, number) = (anchor - levels[level].first).quotientAndRemainder(dividingBy: levels[level].anchorsPerCell)
    return Place(level: packedRows == nil ? level : 0, row: levels[level].row(ofCell: cell), anchor: number)
  }
}
