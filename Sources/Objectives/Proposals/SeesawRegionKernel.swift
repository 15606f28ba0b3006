import Tensors

/// Seesaw loss and objectness of eight rows with C + 2 columns: class logits, object, background.
///
/// Rows of a class: cross-entropy over the C columns with Seesaw's factors, and cross-entropy of object against background. Rows of
/// background: the latter alone. Sums by the label's class, background last: class losses, objectness losses, rows, squared gradient norms.
struct SeesawRegionKernel: TileKernel {
  let term: SeesawLoss.Term
  /// Logarithms of the counts, and one number more for background.
  let logCounts: UnsafePointer<Float>
  /// C, which is also the label of background.
  let classes: Int

  var slots: Int { 4 * (classes + 1) }

  @inline(__always)
  func process(_ tile: Tile, sums: UnsafeMutablePointer<Double>) {
    let (zero, one) = (Lanes(repeating: 0), Lanes(repeating: 1))
    let values = tile.values
    let numbers = LaneNumbers(values)
    let room = LaneNumbers(tile.room)
    let distance = values[classes &+ 1] - values[classes]
    term.adjust(
      Tile(
        values: values, labels: tile.labels, validity: tile.validity, hasIgnored: tile.hasIgnored, room: tile.room,
        weights: tile.weights, classes: classes, image: tile.image, rowsAreImages: tile.rowsAreImages, row: tile.row,
        count: tile.count, ordinal: tile.ordinal),
      step: TermStep(epoch: 0, samples: UnsafeBufferPointer(start: nil, count: 0), classValues: logCounts, limit: .infinity))

    var largest = values[0]
    for k in 1..<max(1, classes) { largest = largest.maximum(values[k]) }
    for lane in 0..<8 {
      let label = tile.labels[lane]
      room[lane] = numbers[Int(max(0, label)) &* 8 &+ lane]
      room[8 &+ lane] = label >= 0 && Int(label) < classes ? 1 : 0
      room[16 &+ lane] = Int(label) == classes ? 1 : 0
    }
    let (atLabel, isObject, isBackground) = (tile.room[0], tile.room[1], tile.room[2])
    var sum = zero
    for k in 0..<classes {
      values[k] = (values[k] - largest).exponentialOfNonPositive()
      sum += values[k]
    }
    let classLoss = sum.naturalLogarithm() + largest - atLabel

    // Two columns are a sigmoid of their distance.
    let isNegative = distance .< zero
    let power = (zero - distance.replacing(with: zero - distance, where: isNegative)).exponentialOfNonPositive()
    let share = one / (one + power)
    let background = share.replacing(with: power * share, where: isNegative)
    let logarithm = (one + power).naturalLogarithm()
    let wrong = distance.replacing(with: zero - distance, where: isBackground .== one)
    let objectLoss = zero.maximumKeepingNaN(wrong) + logarithm

    let weight = tile.rowWeight
    let isCounted = (isObject + isBackground) .== one
    let isClass = isObject .== one
    tile.room[3] = sum
    for lane in 0..<8 where room[8 &+ lane] == 1 { numbers[Int(tile.labels[lane]) &* 8 &+ lane] -= room[24 &+ lane] }
    let inverse = one / sum
    var squared = zero
    for k in 0..<classes {
      values[k] = (values[k] * inverse * weight).replacing(with: zero, where: .!isClass)
      squared.addProduct(values[k], values[k])
    }
    let slope = ((background - isBackground) * weight).replacing(with: zero, where: .!isCounted)
    values[classes] = zero - slope
    values[classes &+ 1] = slope
    squared.addProduct(slope, slope + slope)

    tile.room[3] = classLoss * weight
    tile.room[4] = objectLoss * weight
    tile.room[5] = squared
    for lane in 0..<8 {
      let label = Int(tile.labels[lane])
      if label < 0 { continue }
      let columns = classes &+ 1
      if label < classes { sums[label] += Double(room[24 &+ lane]) }
      sums[columns &+ label] += Double(room[32 &+ lane])
      sums[2 &* columns &+ label] += Double(tile.weights[8 &+ lane])
      sums[3 &* columns &+ label] += Double(room[40 &+ lane])
    }
  }
}
