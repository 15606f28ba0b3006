import CDigests

/// A SHA-256 digest (FIPS 180-4), computed by libcrypto.
public struct SHA256Digest: Sendable, Hashable, CustomStringConvertible {
  /// The 32 bytes.
  public let bytes: [UInt8]

  /// Takes the digest of a text's UTF-8.
  /// - Throws: `LongtailError` with code `internalError` where libcrypto refuses.
  public init(of text: String) throws {
    self = try Array(text.utf8).withUnsafeBytes { try SHA256Digest(of: $0) }
  }

  /// Takes the digest of bytes.
  /// - Throws: `LongtailError` with code `internalError` where libcrypto refuses.
  public init(of bytes: UnsafeRawBufferPointer) throws {
    let stream = try Stream()
    try stream.update(bytes)
    self = try stream.finish()
  }

  /// Takes the digest of a file, read in pieces of 1 MiB.
  /// - Throws: `LongtailError` with code `missingInput` or `inputOutput` that names the file.
  public init(ofFile path: String) throws {
    let file = try ReadableFile(path: path)
    let stream = try Stream()
    try file.forEachPiece { try stream.update($0) }
    self = try stream.finish()
  }

  fileprivate init(bytes: [UInt8]) { self.bytes = bytes }

  /// 64 lower-case hexadecimal digits.
  public var description: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// Digests piece by piece. Not for use by several threads at once.
  public final class Stream {
    private let context: OpaquePointer

    /// Begins a digest.
    /// - Throws: `LongtailError` with code `internalError` where libcrypto refuses.
    public init() throws {
      guard let context = EVP_MD_CTX_new() else { throw Self.failure }
      self.context = context
      if EVP_DigestInit_ex(context, EVP_sha256(), nil) != 1 { throw Self.failure }
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds bytes.
    public func update(_ bytes: UnsafeRawBufferPointer) throws {
      if bytes.isEmpty { return }
      if EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) != 1 { throw Self.failure }
    }

    /// Ends the digest. Nothing may be added afterwards.
    public func finish() throws -> SHA256Digest {
      var bytes = [UInt8](repeating: 0, count: 32)
      var length: UInt32 = 0
      let status = bytes.withUnsafeMutableBufferPointer { EVP_DigestFinal_ex(context, $0.baseAddress, &length) }
      if status != 1 || length != 32 { throw Self.failure }
      return SHA256Digest(bytes: bytes)
    }

    private static let failure = LongtailError(
      .internalError, "libcrypto could not compute a SHA-256 digest", advice: "Check the installation of libcrypto (OpenSSL 3).")
  }
}
