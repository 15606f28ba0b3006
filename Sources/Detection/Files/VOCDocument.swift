import Foundation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// One XML file of PASCAL VOC, as its texts.
struct VOCDocument {
  /// An `<object>`.
  struct Object {
    /// Texts by the element's name, below the object or its box.
    var texts: [String: String] = [:]
    /// How many boxes it has.
    var boxCount = 0
  }

  /// The name of the outermost element.
  var root = ""
  var fileName: String?
  /// Texts below `<size>`.
  var size: [String: String] = [:]
  var sizeCount = 0
  var objects: [Object] = []

  /// Parses a file's bytes.
  /// - Returns: nil and why, where they are not XML that is taken. Entities of its own are refused: they can grow without bound.
  static func parse(_ data: Data) -> (document: VOCDocument?, mistake: String) {
    if data.range(of: Data("<!DOCTYPE".utf8)) != nil || data.range(of: Data("<!ENTITY".utf8)) != nil {
      return (nil, "declares a document type or entities, which are not taken")
    }
    let collector = Collector()
    let parser = XMLParser(data: data)
    parser.shouldResolveExternalEntities = false
    parser.delegate = collector
    // The parser takes a document that ends too early for a whole one.
    guard parser.parse(), parser.parserError == nil, collector.isComplete else {
      return (nil, "line \(max(1, parser.lineNumber)): is not well-formed XML, or was cut off")
    }
    return (collector.document, "")
  }

  /// Gathers the texts while the parser goes through.
  private final class Collector: NSObject, XMLParserDelegate {
    var document = VOCDocument()
    private var path: [String] = []
    /// Whether the outermost element came and was closed.
    var isComplete: Bool { path.isEmpty && !document.root.isEmpty }
    private var text = ""

    func parser(
      _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      if path.isEmpty { document.root = elementName }
      path.append(elementName)
      text = ""
      switch (path.count, elementName) {
      case (2, "object"): document.objects.append(Object())
      case (2, "size"): document.sizeCount += 1
      case (3, "bndbox") where path[1] == "object": document.objects[document.objects.count - 1].boxCount += 1
      default: break
      }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }

    func parser(_ parser: XMLParser, didEndElement elementName: String, namespaceURI: String?, qualifiedName: String?) {
      let value = text.trimmingCharacters(in: .whitespacesAndNewlines)
      if path.count == 2, elementName == "filename" { document.fileName = value }
      if path.count == 3, path[1] == "size" { document.size[elementName] = value }
      // Boxes of an object's parts lie deeper and are not the object's.
      if path.count == 3, path[1] == "object", elementName != "bndbox" { set(elementName, value) }
      if path.count == 4, path[1] == "object", path[2] == "bndbox" { set(elementName, value) }
      path.removeLast()
      text = ""
    }

    private func set(_ name: String, _ value: String) {
      let last = document.objects.count - 1
      if last >= 0, document.objects[last].texts[name] == nil { document.objects[last].texts[name] = value }
    }
  }
}
