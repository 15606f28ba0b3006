import CDigests

/// SHA-256 by libcrypto.
enum SHA256Digest {
  /// The digest of a text's UTF-8 bytes, in hexadecimal.
  static func hexadecimal(of text: String) -> String {
    let bytes = Array(text.utf8)
    var digest = [UInt8](repeating: 0, count: 32)
    var length: UInt32 = 0
    EVP_Digest(bytes, bytes.count, &digest, &length, EVP_sha256(), nil)
    let digits = Array("0123456789abcdef")
    return digest.reduce(into: "") { text, byte in
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
  }
}
