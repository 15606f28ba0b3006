extension AnnotationFaultCase {
  static let all = coco + lvisAlone + voc + yolo

  /// What can be wrong with COCO json, and with LVIS json all the same but for crowds.
  private static let coco = ["coco", "lvis"].flatMap { format -> [AnnotationFaultCase] in
    func json(_ name: String, _ change: Change, _ kind: String?, _ entry: String) -> AnnotationFaultCase {
      AnnotationFaultCase(format, name, "set.json", change, kind, entry)
    }
    let box = "\"bbox\":[10,11,20,21]"
    let first = "annotations[0] (id 1)"
    let polygon = "[[5,5,15,5,15,15,5,15]]"
    return [
      json("cut off within an annotation", .cut(format == "coco" ? 340 : 490), nil, "annotations[1]"),
      json("empty", .write(""), nil, "line 1"),
      json("not JSON", .write("hello"), nil, "line 1"),
      json("a list", .write("[]"), nil, "expected an object"),
      json("text after the end", .replace("}]}", "}]}]"), nil, "after the end"),
      json("a comma too many", .replace("\"id\":1,\"image_id\"", "\"id\":1,,\"image_id\""), nil, "annotations[0]"),
      json("a broken escape", .replace("\"cat\"", "\"c\\qt\""), nil, "categories[0]"),
      json("too deep", .replace("\"info\":{}", "\"info\":\(String(repeating: "[", count: 9000))"), nil, "deep"),
      json("no images", .replace("\"images\"", "\"pictures\""), "missingPart", "'images'"),
      json("no annotations", .replace("\"annotations\"", "\"labels\""), "missingPart", "'annotations'"),
      json("no categories", .replace("\"categories\"", "\"classes\""), "missingPart", "'categories'"),
      json("annotations are an object", .replace("\"annotations\":[", "\"annotations\":{\"x\":["), nil, "line"),
      json("an annotation is a number", .replace("\"annotations\":[", "\"annotations\":[5,"), "badValue", "annotations[0]"),
      json("an image without id", .replace("{\"id\":7,\"file_name\"", "{\"file_name\""), "missingValue", "images[2]"),
      json("an image id twice", .replace("{\"id\":7,", "{\"id\":2,"), "duplicateID", "images[2] (id 2)"),
      json("an image id of text", .replace("{\"id\":7,", "{\"id\":\"7\","), "badValue", "images[2]"),
      json("an image without width", .replace("c.png\",\"width\":64,", "c.png\","), "missingValue", "images[2] (id 7)"),
      json(
        "an image of height 0", .replace("a.png\",\"width\":64,\"height\":48", "a.png\",\"width\":64,\"height\":0"), "badValue",
        "images[0] (id 1)"),
      json("an image of negative width", .replace("a.png\",\"width\":64", "a.png\",\"width\":-64"), "badValue", "images[0] (id 1)"),
      json("an image without a name", .replace("\"file_name\":\"c.png\",", ""), "unnamedImage", "images[2] (id 7)"),
      json("one file for two images", .replace("c.png", "a.png"), "duplicateEntry", "images[2] (id 7)"),
      json("another size than the image's", .replace("c.png\",\"width\":64", "c.png\",\"width\":65"), "sizeDiffers", "images[2] (id 7)"),
      AnnotationFaultCase(
        format, "an image of another size", "images/a.png", .picture(48, 64), "sizeDiffers", "images[0] (id 1)", namedFile: "set.json"),
      AnnotationFaultCase(
        format, "a missing image", "images/b.png", .delete, "missingImage", "images[1] (id 2)", namedFile: "set.json"),
      AnnotationFaultCase(format, "a broken image", "images/b.png", .cut(20), "brokenImage", "images[1] (id 2)", namedFile: "set.json"),
      json("an annotation without id", .replace("{\"id\":1,\"image_id\"", "{\"image_id\""), "missingValue", "annotations[0]"),
      json("an annotation id twice", .replace("\"id\":40", "\"id\":2"), "duplicateID", "(id 2)"),
      json("an id that is not a whole number", .replace("\"id\":40", "\"id\":40.5"), "badValue", "annotations["),
      json("an id of more than 64 bits", .replace("\"id\":40", "\"id\":99999999999999999999"), "badValue", "annotations["),
      json("an annotation without image", .replace("\"image_id\":1,\"category_id\":1,", "\"category_id\":1,"), "missingValue", first),
      json("an unknown image", .replace("\"image_id\":1,\"category_id\":1", "\"image_id\":3,\"category_id\":1"), "unknownImage", first),
      json("an unknown class", .replace("\"category_id\":1", "\"category_id\":2"), "unknownCategory", first),
      json("an annotation without class", .replace("\"category_id\":1,", ""), "missingValue", first),
      json("no box", .replace(box + ",", ""), "missingValue", first),
      json("a box of three numbers", .replace(box, "\"bbox\":[10,11,20]"), "badValue", first),
      json("a box of text", .replace(box, "\"bbox\":\"10,11,20,21\""), "badValue", first),
      json("a text in a box", .replace(box, "\"bbox\":[10,\"11\",20,21]"), "badValue", first),
      json("NaN in a box", .replace(box, "\"bbox\":[NaN,11,20,21]"), "notFinite", first),
      json("infinity in a box", .replace(box, "\"bbox\":[10,11,Infinity,21]"), "notFinite", first),
      json("a number past the largest", .replace(box, "\"bbox\":[10,11,20,1e999]"), "notFinite", first),
      json("no width", .replace(box, "\"bbox\":[10,11,0,21]"), "zeroSide", first),
      json("a negative height", .replace(box, "\"bbox\":[10,11,20,-21]"), "negativeSide", first),
      json("right of the image", .replace(box, "\"bbox\":[50,11,20,21]"), "outside", first),
      json("above the image", .replace(box, "\"bbox\":[10,-11,20,21]"), "outside", first),
      json("a negative area", .replace("\"area\":420", "\"area\":-420"), "badValue", first),
      json("an area that is not finite", .replace("\"area\":420", "\"area\":NaN"), "notFinite", first),
      json("crowd is 2", .replace("\"area\":420", "\"area\":420,\"iscrowd\":2,\"x\":0").withoutCrowd(format), "badValue", first),
      json("an odd number of coordinates", .replace(polygon, "[[5,5,15,5,15,15,5]]"), "badMask", "annotations[1] (id 2)"),
      json("a polygon of two points", .replace(polygon, "[[5,5,15,15]]"), "badMask", "annotations[1] (id 2)"),
      json("a flat polygon", .replace(polygon, "[5,5,15,5,15,15,5,15]"), "badMask", "annotations[1] (id 2)"),
      json("NaN in a polygon", .replace(polygon, "[[5,5,NaN,5,15,15,5,15]]"), "notFinite", "annotations[1] (id 2)"),
      json("a polygon outside", .replace(polygon, "[[5,5,95,5,15,15,5,15]]"), "outside", "annotations[1] (id 2)"),
      json("a mask elsewhere", .replace(polygon, "[[35,25,45,25,45,35,35,35]]"), "maskOffBox", "annotations[1] (id 2)"),
      json("a mask of text", .replace(polygon, "\"mask\""), "badMask", "annotations[1] (id 2)"),
      json("runs that do not add up", .replace("2832", "2831"), "badMask", "annotations[2] (id"),
      json("a negative run", .replace("[96,144,2832]", "[96,-144,2832]"), "badMask", "annotations[2] (id"),
      json("runs of another size", .replace("\"size\":[48,64]", "\"size\":[64,48]"), "badMask", "annotations[2] (id"),
      json("runs without size", .replace("\"size\":[48,64],", ""), "badMask", "annotations[2] (id"),
      json("runs elsewhere", .replace("[96,144,2832]", "[1536,144,1392]"), "maskOffBox", "annotations[2] (id"),
      json("an empty mask", .replace("[96,144,2832]", "[3072]"), "maskOffBox", "annotations[2] (id"),
      json(
        "a class id twice", .replace("{\"id\":1,\"name\":\"cat\"", "{\"id\":3,\"name\":\"cat\"").withoutClassOne(), "duplicateID",
        "categories[2] (id 3)"),
      json("a class without name", .replace(",\"name\":\"cat\"", ""), "missingValue", "categories[0] (id 1)"),
      json("a class without id", .replace("{\"id\":1,\"name\":\"cat\"", "{\"name\":\"cat\""), "missingValue", "categories[0]"),
      json("a class name that is a number", .replace("\"cat\"", "5"), "badValue", "categories[0] (id 1)"),
    ]
      + (format == "coco"
        ? [
          json("broken compressed runs", .replace("P3`4`h2", "P3`4`h"), "badMask", "annotations[3] (id 40)"),
          json("a letter outside of the code", .replace("P3`4`h2", "P3 4`h2"), "badMask", "annotations[3] (id 40)"),
        ] : [])
  }

  private static let lvisAlone: [AnnotationFaultCase] = [
    .init("lvis", "no negative classes", "set.json", .replace("\"neg_category_ids\":[1],", ""), "missingValue", "images[2] (id 7)"),
    .init(
      "lvis", "no list of not exhaustive classes", "set.json", .replace(",\"not_exhaustive_category_ids\":[3]", ""), "missingValue",
      "images[0] (id 1)"),
    .init(
      "lvis", "an unknown negative class", "set.json", .replace("\"neg_category_ids\":[5]", "\"neg_category_ids\":[6]"), "unknownCategory",
      "images[0] (id 1)"),
    .init(
      "lvis", "an unknown not exhaustive class", "set.json",
      .replace("\"not_exhaustive_category_ids\":[3]", "\"not_exhaustive_category_ids\":[33]"), "unknownCategory", "images[0] (id 1)"),
    .init(
      "lvis", "a class that is there and absent", "set.json", .replace("\"neg_category_ids\":[5]", "\"neg_category_ids\":[5,1]"),
      "contradiction", "images[0] (id 1)"),
    .init(
      "lvis", "absent and not exhaustive", "set.json",
      .replace(
        "\"neg_category_ids\":[1],\"not_exhaustive_category_ids\":[]", "\"neg_category_ids\":[1],\"not_exhaustive_category_ids\":[1]"),
      "contradiction", "images[2] (id 7)"),
    .init(
      "lvis", "negative classes are a number", "set.json", .replace("\"neg_category_ids\":[5]", "\"neg_category_ids\":5"), "badValue",
      "images[0] (id 1)"),
    .init("lvis", "no frequency", "set.json", .replace(",\"frequency\":\"c\"", ""), "missingValue", "categories[1] (id 3)"),
    .init(
      "lvis", "an unknown frequency", "set.json", .replace("\"frequency\":\"c\"", "\"frequency\":\"x\""), "badValue", "categories[1] (id 3)"
    ),
    .init("lvis", "a class name twice", "set.json", .replace("owl", "dog"), "duplicateEntry", "categories[2] (id 5)"),
    .init("lvis", "a crowd", "set.json", .replace("\"area\":420", "\"area\":420,\"iscrowd\":1"), "contradiction", "annotations[0] (id 1)"),
  ]

  private static func voc(_ name: String, _ old: String, _ new: String, _ kind: String, _ entry: String, file: String = "a")
    -> AnnotationFaultCase
  {
    AnnotationFaultCase("voc", name, "Annotations/\(file).xml", .replace(old, new), kind, entry)
  }

  private static let voc: [AnnotationFaultCase] = [
    .init("voc", "cut off", "Annotations/a.xml", .cut(200), "unreadable", "line"),
    .init("voc", "empty", "Annotations/c.xml", .write(""), "unreadable", "XML"),
    .init("voc", "not XML", "Annotations/c.xml", .write("hello"), "unreadable", "XML"),
    .init("voc", "another document", "Annotations/c.xml", .write("<svg/>"), "unreadable", "<svg>"),
    .init(
      "voc", "entities of its own", "Annotations/c.xml", .write("<!DOCTYPE a [<!ENTITY b \"c\">]><annotation>&b;</annotation>"),
      "unreadable", "entities"),
    voc("a tag that does not close", "</object>", "</objekt>", "unreadable", "line"),
    voc("no size", "<size><width>64</width><height>48</height><depth>3</depth></size>", "", "missingPart", "size"),
    voc("two sizes", "<size>", "<size><width>64</width><height>48</height></size><size>", "contradiction", "size"),
    voc("no width", "<width>64</width>", "", "missingValue", "size"),
    voc("a height of 0", "<height>48", "<height>0", "badValue", "size"),
    voc("a width of text", "<width>64", "<width>wide", "badValue", "size"),
    voc("another size than the image's", "<width>64", "<width>66", "sizeDiffers", "66x48"),
    .init("voc", "an image of another size", "JPEGImages/b.png", .picture(48, 64), "sizeDiffers", "64x48", namedFile: "Annotations/b.xml"),
    .init("voc", "a missing image", "JPEGImages/a.png", .delete, "missingImage", "a.png", namedFile: "Annotations/a.xml"),
    .init("voc", "a broken image", "JPEGImages/a.png", .cut(20), "brokenImage", "a.png", namedFile: "Annotations/a.xml"),
    voc("a file name that is wrong", "c.png", "d.png", "missingImage", "d.png", file: "c"),
    voc("one file for two files", "<filename>b.png", "<filename>a.png", "duplicateEntry", "a.png", file: "b"),
    voc("an object without name", "<name>cat</name>", "", "missingValue", "object 1"),
    voc("an empty name", "<name>cat</name>", "<name> </name>", "missingValue", "object 1"),
    voc("a class that is not in the list", "<name>cat</name>", "<name>cow</name>", "unknownCategory", "object 1 (cow)"),
    voc("no box", "<bndbox><xmin>11</xmin><ymin>12</ymin><xmax>30</xmax><ymax>32</ymax></bndbox>", "", "missingValue", "object 1 (cat)"),
    voc("two boxes", "<bndbox><xmin>11", "<bndbox/><bndbox><xmin>11", "contradiction", "object 1 (cat)"),
    voc("no xmin", "<xmin>11</xmin>", "", "missingValue", "object 1 (cat)"),
    voc("xmin of text", "<xmin>11", "<xmin>left", "badValue", "object 1 (cat)"),
    voc("an empty ymax", "<ymax>32", "<ymax>", "badValue", "object 1 (cat)"),
    voc("xmin is NaN", "<xmin>11", "<xmin>nan", "notFinite", "object 1 (cat)"),
    voc("ymax is infinite", "<ymax>32", "<ymax>inf", "notFinite", "object 1 (cat)"),
    voc("no width of a box", "<xmax>30", "<xmax>10", "zeroSide", "object 1 (cat)"),
    voc(
      "corners the wrong way round", "<ymin>12</ymin><xmax>30</xmax><ymax>32", "<ymin>32</ymin><xmax>30</xmax><ymax>12", "negativeSide",
      "object 1 (cat)"),
    voc("right of the image", "<xmax>30", "<xmax>70", "outside", "object 1 (cat)"),
    voc("left of the image", "<xmin>11", "<xmin>-11", "outside", "object 1 (cat)"),
    voc("below the image", "<ymax>32", "<ymax>52", "outside", "object 1 (cat)"),
    voc("difficult is 2", "<difficult>0", "<difficult>2", "badValue", "object 1 (cat)"),
    voc("truncated is text", "<truncated>0", "<truncated>a bit", "badValue", "object 1 (cat)"),
    voc(
      "an object twice", "</annotation>",
      "<object><name>cat</name><bndbox><xmin>11</xmin><ymin>12</ymin><xmax>30</xmax><ymax>32</ymax></bndbox></object></annotation>",
      "duplicateEntry", "object 3 (cat)"),
  ]

  private static func yolo(_ name: String, _ line: String, _ kind: String, _ entry: String = "line 1") -> AnnotationFaultCase {
    AnnotationFaultCase("yolo", name, "labels/a.txt", .replace("0 0.5 0.5 0.25 0.5", line), kind, entry)
  }

  private static let yolo: [AnnotationFaultCase] = [
    yolo("a class of text", "cat 0.5 0.5 0.25 0.5", "badValue"),
    yolo("a class with a fraction", "0.5 0.5 0.5 0.25 0.5", "badValue"),
    yolo("an unknown class", "3 0.5 0.5 0.25 0.5", "unknownCategory"),
    yolo("a negative class", "-1 0.5 0.5 0.25 0.5", "unknownCategory"),
    yolo("three numbers", "0 0.5 0.5", "badValue"),
    yolo("a number too many", "0 0.5 0.5 0.25 0.5 0.9", "badValue"),
    yolo("an odd number of coordinates", "0 0.1 0.1 0.4 0.1 0.4 0.4 0.1", "badValue"),
    yolo("text instead of a number", "0 0.5 half 0.25 0.5", "badValue"),
    yolo("decimal commas", "0 0,5 0,5 0,25 0,5", "badValue"),
    yolo("NaN", "0 nan 0.5 0.25 0.5", "notFinite"),
    yolo("infinity", "0 0.5 0.5 inf 0.5", "notFinite"),
    yolo("NaN in a polygon", "0 0.1 0.1 nan 0.1 0.4 0.4", "notFinite"),
    yolo("no width", "0 0.5 0.5 0 0.5", "zeroSide"),
    yolo("a negative height", "0 0.5 0.5 0.25 -0.5", "negativeSide"),
    yolo("a flat polygon", "0 0.1 0.1 0.4 0.1 0.2 0.1", "zeroSide"),
    yolo("right of the image", "0 0.95 0.5 0.25 0.5", "outside"),
    yolo("above the image", "0 0.5 0.1 0.25 0.5", "outside"),
    yolo("numbers in pixels", "0 32 24 16 24", "outside"),
    yolo("a polygon outside", "0 0.1 0.1 1.4 0.1 0.4 0.4", "outside"),
    yolo("a line twice", "1 0.25 0.25 0.125 0.125", "duplicateEntry", "line 2"),
    .init("yolo", "labels that are no text", "labels/a.txt", .bytes([0xFF, 0xFE, 0x30, 0x00]), "unreadable", "UTF-8"),
    .init("yolo", "a missing image", "images/a.png", .delete, "missingImage", "no image", namedFile: "labels/a.txt"),
    .init("yolo", "a broken image", "images/a.png", .cut(25), "brokenImage", "cannot be read", namedFile: "labels/a.txt"),
    .init("yolo", "a broken data file", "data.yaml", .write("names: [cat, dog\ntrain: images"), "unreadable", "YAML"),
    .init("yolo", "an empty data file", "data.yaml", .write(""), "unreadable", "keys"),
    .init("yolo", "no names", "data.yaml", .replace("names: [cat, dog, bird]", ""), "missingPart", "names"),
    .init("yolo", "names are a number", "data.yaml", .replace("[cat, dog, bird]", "3"), "badValue", "names"),
    .init("yolo", "a gap in the numbers", "data.yaml", .replace("[cat, dog, bird]", "{0: cat, 2: bird}"), "missingValue", "names"),
    .init("yolo", "a name twice", "data.yaml", .replace("bird", "dog"), "duplicateEntry", "names"),
    .init("yolo", "an empty name", "data.yaml", .replace("bird", "''"), "missingValue", "names"),
    .init("yolo", "a number of names that is wrong", "data.yaml", .replace("nc: 3", "nc: 4"), "contradiction", "nc"),
    .init("yolo", "no splits", "data.yaml", .replace("train: images\n", ""), "missingPart", "train"),
    .init("yolo", "a split that is not there", "data.yaml", .replace("train: images", "train: images\nval: more"), "missingPart", "val"),
  ]
}

extension AnnotationFaultCase.Change {
  /// COCO's first annotation says that it is no crowd; a second word on that would count instead.
  fileprivate func withoutCrowd(_ format: String) -> Self {
    format == "coco" ? .replace("\"area\":420,\"iscrowd\":0", "\"area\":420,\"iscrowd\":2") : self
  }

  /// Without class 1 its annotations would be wrong as well: the other class is written a second time instead.
  fileprivate func withoutClassOne() -> Self {
    .replace("{\"id\":3,\"name\":\"dog\"", "{\"id\":3,\"name\":\"ape\",\"frequency\":\"r\"},{\"id\":3,\"name\":\"dog\"")
  }
}
