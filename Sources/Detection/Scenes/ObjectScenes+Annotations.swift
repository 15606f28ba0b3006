import Datasets

extension ObjectScenes {
  /// The classes: ids from 1 on, in the order of `SceneObject.Kind`.
  package static let categories = CategoryTable(
    SceneObject.Kind.allCases.map { Category(id: $0.rawValue + 1, name: $0.name, supercategory: "scene") })

  /// The boxes of a split, as if they had been read from a file: image `k` of the set is scene `k`.
  /// - Throws: as `objects(split:index:)`.
  package func annotations(of split: Split) throws -> AnnotationSet {
    var images: [AnnotatedImage] = []
    var instances: [Instance] = []
    for index in 0..<count(of: split) {
      images.append(
        AnnotatedImage(id: index + 1, fileName: "\(identifier(split: split, index: index)).png", width: width, height: height))
      for object in try objects(split: split, index: index) {
        instances.append(
          Instance(
            id: instances.count + 1, image: index, category: object.kind.rawValue,
            box: Box(x: object.left, y: object.top, width: object.right - object.left, height: object.bottom - object.top),
            area: object.area))
      }
    }
    return AnnotationSet(format: .coco, images: images, categories: ObjectScenes.categories, instances: instances)
  }
}
