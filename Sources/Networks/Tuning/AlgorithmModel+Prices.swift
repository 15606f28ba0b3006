extension AlgorithmModel {
  /// Microseconds of one thread for a million of each amount of work: products, source, destination, weights, runs; and for a call.
  ///
  /// Written by `longtail bench kernels --fit`, from what `longtail bench kernels` measured. Not to be edited by hand.
  static let prices: [String: Prices] = [
    "dilated direct backwardData": Prices(13.8, 0, 0, 0, 49561, call: 0),
    "dilated direct forward": Prices(17, 0, 0, 0, 34878, call: 0),
    "dilated matrixProduct backwardData": Prices(25.9, 0, 0, 79, 0, call: 860),
    "dilated matrixProduct backwardWeights": Prices(22.9, 448, 0, 480, 23128, call: 0),
    "dilated matrixProduct forward": Prices(24.2, 0, 0, 29.9, 114294, call: 435),
    "dilated tiledWinograd backwardData": Prices(28.5, 0, 0, 1179, 0, call: 0),
    "dilated tiledWinograd backwardWeights": Prices(27, 981, 0, 1426, 0, call: 0),
    "dilated tiledWinograd forward": Prices(27.6, 0, 0, 1134, 45434, call: 0),
    "ordinary direct backwardData": Prices(21.2, 78, 0, 264, 0, call: 0),
    "ordinary direct backwardWeights": Prices(28.4, 40.3, 9.71, 172, 0, call: 13),
    "ordinary direct forward": Prices(20.1, 702, 27, 33.1, 5391, call: 3.78),
    "ordinary tiledWinograd backwardData": Prices(22.1, 758, 337, 890, 0, call: 0),
    "ordinary tiledWinograd backwardWeights": Prices(26.1, 614, 236, 413, 0, call: 0),
    "ordinary tiledWinograd forward": Prices(22.7, 670, 420, 650, 0, call: 0),
    "other direct backwardData": Prices(25, 0, 0, 246, 0, call: 1.3),
    "other direct backwardWeights": Prices(27.3, 0, 0, 29.9, 0, call: 0),
    "other direct forward": Prices(22.7, 7.57, 0, 38.8, 0, call: 0),
    "pointwise direct backwardData": Prices(21.9, 29.4, 0, 228, 1136, call: 0),
    "pointwise direct backwardWeights": Prices(20.9, 105, 320, 61.2, 431, call: 0),
    "pointwise direct forward": Prices(21.5, 23.6, 11.6, 39.1, 0, call: 0),
    "pointwise matrixProduct backwardData": Prices(22.1, 434, 439, 370, 0, call: 5.1),
    "pointwise matrixProduct backwardWeights": Prices(22, 406, 400, 407, 0, call: 14.3),
    "pointwise matrixProduct forward": Prices(22.2, 416, 390, 417, 0, call: 0),
    "transposed direct backwardData": Prices(24.5, 56.6, 0, 410, 7317, call: 1.3),
    "transposed direct backwardWeights": Prices(28.2, 912, 0, 825, 0, call: 0),
    "transposed direct forward": Prices(25.6, 10789, 0, 161, 6219, call: 52),
    "transposed matrixProduct backwardData": Prices(20.7, 1319, 0, 313, 0, call: 6.05),
    "transposed matrixProduct backwardWeights": Prices(21.4, 1626, 0, 699, 0, call: 0.51),
    "transposed matrixProduct forward": Prices(20.7, 1540, 0, 495, 0, call: 5.49),
  ]
}
