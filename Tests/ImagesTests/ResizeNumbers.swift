// Written by Oracle/make_resize_numbers.py with Pillow 13.0.0.

/// A resize, and a checksum of what Pillow gives.
struct ResizeCase {
  var source: (Int, Int)
  var target: (Int, Int)
  var bilinear: UInt32
  var nearest: UInt32
}

let resizeCases: [ResizeCase] = [
  ResizeCase(source: (7, 5), target: (3, 2), bilinear: 3985502461, nearest: 4072597120),
  ResizeCase(source: (7, 5), target: (14, 10), bilinear: 1307940724, nearest: 2948672320),
  ResizeCase(source: (7, 5), target: (5, 5), bilinear: 14321799, nearest: 3326106255),
  ResizeCase(source: (7, 5), target: (7, 3), bilinear: 837382092, nearest: 3086977807),
  ResizeCase(source: (7, 5), target: (1, 1), bilinear: 130148, nearest: 79),
  ResizeCase(source: (1, 1), target: (4, 3), bilinear: 129654592, nearest: 0),
  ResizeCase(source: (100, 60), target: (30, 18), bilinear: 3082954485, nearest: 1526210536),
  ResizeCase(source: (48, 36), target: (25, 19), bilinear: 3889176156, nearest: 2584029803),
  ResizeCase(source: (60, 45), target: (64, 48), bilinear: 59708592, nearest: 223418112),
  ResizeCase(source: (33, 90), target: (30, 110), bilinear: 687473955, nearest: 801718126),
  ResizeCase(source: (90, 70), target: (81, 63), bilinear: 2826529830, nearest: 4184840035),
]

/// The pattern of 7 x 5, shrunk to 3 x 2 by the triangle filter.
let shrunkPattern: [UInt8] = [105, 133, 143, 125, 129, 144, 133, 134, 127, 124, 135, 130, 139, 140, 134, 151, 132, 125]
