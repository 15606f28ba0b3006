// Makes the calls to libspng and libjpeg-turbo that PNGDecoder, JPEGDecoder and PNGEncoder make, to be run under valgrind: PNGs of every
// colour type and depth, interlaced and not, JPEGs of every sampling, baseline, progressive and with restart markers, at odd sizes. Each is
// decoded into memory that was never written, cleared first as the decoders do it, and into memory that held 0xA5 and 0xFF. Exits 0 when
// all agree; valgrind ends it otherwise.

#include <spng.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>
#include <zlib.h>

#define EXPECT(condition)                                              \
  do {                                                                 \
    if (!(condition)) {                                                \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);  \
      exit(1);                                                         \
    }                                                                  \
  } while (0)

static uint32_t state = 1;
static uint8_t draw(void) { return (uint8_t)((state = state * 1664525u + 1013904223u) >> 24); }

// --- A PNG, put together by hand ---

static uint8_t file[1 << 20];
static size_t file_size;

static void put(const void *bytes, size_t count) {
  EXPECT(file_size + count <= sizeof file);
  memcpy(file + file_size, bytes, count);
  file_size += count;
}

static void put_number(uint32_t value) {
  const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
  put(bytes, 4);
}

static void put_chunk(const char *type, const uint8_t *content, size_t count) {
  put_number((uint32_t)count);
  const size_t start = file_size;
  put(type, 4);
  put(content, count);
  put_number((uint32_t)crc32(0, file + start, (uInt)(file_size - start)));
}

// Rows of noise for one image, or for each of Adam7's passes.
static size_t write_rows(uint8_t *rows, int width, int height, int bits, int is_interlaced, int top) {
  static const int passes[7][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
  static const int whole[1][4] = {{0, 0, 1, 1}};
  size_t count = 0;
  for (int pass = 0; pass < (is_interlaced ? 7 : 1); pass++) {
    const int *p = is_interlaced ? passes[pass] : whole[0];
    const int columns = width > p[0] ? (width - p[0] + p[2] - 1) / p[2] : 0;
    for (int y = p[1]; y < height && columns > 0; y += p[3]) {
      rows[count++] = 0;
      // Bits behind the last column are zero, as the standard wants them; bytes stay below the palette's end.
      const int used = columns * bits;
      for (int byte = 0; byte < (used + 7) / 8; byte++) {
        const int rest = used - 8 * byte;
        rows[count++] = (uint8_t)((top > 0 ? draw() % top : draw()) & (rest < 8 ? 0xFF << (8 - rest) : 0xFF));
      }
    }
  }
  return count;
}

static void compose(int width, int height, int depth, int type, int channels, int is_interlaced, int with_transparency) {
  static uint8_t rows[1 << 19], packed[1 << 19];
  file_size = 0;
  put("\x89PNG\r\n\x1a\n", 8);
  const uint8_t header[13] = {0, 0, 0, (uint8_t)width, 0, 0, 0, (uint8_t)height, (uint8_t)depth, (uint8_t)type, 0, 0, (uint8_t)is_interlaced};
  put_chunk("IHDR", header, 13);
  if (type == 3) {
    uint8_t palette[768], alphas[256];
    for (int i = 0; i < 768; i++) palette[i] = draw();
    for (int i = 0; i < 256; i++) alphas[i] = draw();
    // One entry fewer than the depth allows: numbers past the end occur.
    const size_t entries = (size_t)(1 << depth) - 1;
    put_chunk("PLTE", palette, 3 * entries);
    if (with_transparency) put_chunk("tRNS", alphas, entries);
  } else if (with_transparency && (type == 0 || type == 2)) {
    put_chunk("tRNS", (const uint8_t[6]){0}, type == 0 ? 2 : 6);
  }
  const size_t count = write_rows(rows, width, height, depth * channels, is_interlaced, 0);
  uLongf size = sizeof packed;
  EXPECT(compress(packed, &size, rows, count) == Z_OK);
  put_chunk("IDAT", packed, size);
  put_chunk("IEND", NULL, 0);
}

// --- PNGDecoder ---

// A digest of all bytes: under valgrind, one that was never written makes it undefined, and the comparison complains.
static uint64_t digest(const uint8_t *bytes, size_t count) {
  uint64_t value = 14695981039346656037u;
  for (size_t i = 0; i < count; i++) value = (value ^ bytes[i]) * 1099511628211u;
  return value;
}

static uint64_t decode_png(int format, int fill) {
  spng_ctx *context = spng_ctx_new(0);
  EXPECT(context != NULL);
  spng_set_crc_action(context, SPNG_CRC_ERROR, SPNG_CRC_DISCARD);
  spng_set_chunk_limits(context, 1 << 24, 1 << 26);
  spng_set_image_limits(context, 1 << 24, 1 << 24);
  EXPECT(spng_set_png_buffer(context, file, file_size) == 0);
  struct spng_ihdr header;
  EXPECT(spng_get_ihdr(context, &header) == 0);
  size_t size = 0;
  EXPECT(spng_decoded_image_size(context, format, &size) == 0);
  uint8_t *memory = malloc(size);
  EXPECT(memory != NULL);
  if (fill >= 0) memset(memory, fill, size);
  memset(memory, 0, size);
  EXPECT(spng_decode_image(context, memory, size, format, 0) == 0);
  EXPECT(spng_decode_chunks(context) == 0);
  struct spng_plte palette;
  if (header.color_type == SPNG_COLOR_TYPE_INDEXED) EXPECT(spng_get_plte(context, &palette) == 0 && palette.n_entries > 0);
  const uint64_t value = digest(memory, size);
  if (value == 0) puts("");
  free(memory);
  spng_ctx_free(context);
  return value;
}

static int check_png(void) {
  static const int kinds[15][3] = {{0, 1, 1}, {0, 2, 1}, {0, 4, 1}, {0, 8, 1},  {0, 16, 1}, {2, 8, 3}, {2, 16, 3}, {3, 1, 1},
                                   {3, 2, 1}, {3, 4, 1}, {3, 8, 1}, {4, 8, 2}, {4, 16, 2}, {6, 8, 4}, {6, 16, 4}};
  static const int sizes[8][2] = {{1, 1}, {2, 3}, {5, 1}, {1, 9}, {7, 5}, {9, 17}, {33, 12}, {61, 48}};
  int count = 0;
  for (int kind = 0; kind < 15; kind++) {
    for (int size = 0; size < 8; size++) {
      for (int variant = 0; variant < 4; variant++) {
        compose(sizes[size][0], sizes[size][1], kinds[kind][1], kinds[kind][0], kinds[kind][2], variant & 1, variant >> 1);
        const int formats[2] = {SPNG_FMT_RGB8, SPNG_FMT_PNG};
        for (int format = 0; format < 2; format++) {
          const uint64_t first = decode_png(formats[format], -1);
          EXPECT(decode_png(formats[format], 0xA5) == first && decode_png(formats[format], 0xFF) == first);
        }
        count++;
      }
    }
  }
  return count;
}

// --- JPEGDecoder ---

static uint64_t decode_jpeg(const uint8_t *bytes, unsigned long count, int fill) {
  tjhandle handle = tjInitDecompress();
  EXPECT(handle != NULL);
  int width = 0, height = 0, subsampling = 0, colours = 0;
  EXPECT(tjDecompressHeader3(handle, bytes, count, &width, &height, &subsampling, &colours) == 0);
  const size_t size = 3 * (size_t)width * (size_t)height;
  uint8_t *memory = malloc(size);
  EXPECT(memory != NULL);
  if (fill >= 0) memset(memory, fill, size);
  memset(memory, 0, size);
  EXPECT(tjDecompress2(handle, bytes, count, memory, width, 0, height, TJPF_RGB, TJFLAG_LIMITSCANS | TJFLAG_ACCURATEDCT) == 0);
  const uint64_t value = digest(memory, size);
  if (value == 0) puts("");
  free(memory);
  tjDestroy(handle);
  return value;
}

static int check_jpeg(void) {
  static const int samplings[6] = {TJSAMP_444, TJSAMP_422, TJSAMP_420, TJSAMP_440, TJSAMP_411, TJSAMP_GRAY};
  static const int sizes[5][2] = {{1, 1}, {7, 5}, {16, 16}, {17, 33}, {61, 45}};
  static uint8_t pixels[3 * 61 * 45];
  int count = 0;
  for (int sampling = 0; sampling < 6; sampling++) {
    for (int size = 0; size < 5; size++) {
      for (int variant = 0; variant < 4; variant++) {
        for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = draw();
        // The encoder takes this one from the environment.
        if (variant & 2) setenv("TJ_RESTART", "1B", 1); else unsetenv("TJ_RESTART");
        tjhandle handle = tjInitCompress();
        uint8_t *bytes = NULL;
        unsigned long length = 0;
        EXPECT(
            tjCompress2(
                handle, pixels, sizes[size][0], 0, sizes[size][1], TJPF_RGB, &bytes, &length, samplings[sampling], 85,
                variant & 1 ? TJFLAG_PROGRESSIVE : 0) == 0);
        const uint64_t first = decode_jpeg(bytes, length, -1);
        EXPECT(decode_jpeg(bytes, length, 0xA5) == first && decode_jpeg(bytes, length, 0xFF) == first);
        tjFree(bytes);
        tjDestroy(handle);
        count++;
      }
    }
  }
  return count;
}

// --- PNGEncoder ---

static void check_encoder(void) {
  uint8_t *pixels = malloc(9 * 7);
  for (int i = 0; i < 9 * 7; i++) pixels[i] = draw() % 4;
  spng_ctx *context = spng_ctx_new(SPNG_CTX_ENCODER);
  struct spng_ihdr header = {.width = 9, .height = 7, .bit_depth = 8, .color_type = SPNG_COLOR_TYPE_INDEXED};
  struct spng_plte palette = {.n_entries = 4};
  EXPECT(spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1) == 0 && spng_set_option(context, SPNG_IMG_COMPRESSION_LEVEL, 6) == 0);
  EXPECT(spng_set_ihdr(context, &header) == 0 && spng_set_plte(context, &palette) == 0);
  EXPECT(spng_encode_image(context, pixels, 9 * 7, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE) == 0);
  int status = 0;
  uint8_t *encoded = spng_get_png_buffer(context, &file_size, &status);
  EXPECT(encoded != NULL && file_size <= sizeof file);
  memcpy(file, encoded, file_size);
  EXPECT(digest(file, file_size) != 0);
  EXPECT(decode_png(SPNG_FMT_PNG, -1) == digest(pixels, 9 * 7));
  free(encoded);
  free(pixels);
  spng_ctx_free(context);
}

int main(void) {
  const int png = check_png(), jpeg = check_jpeg();
  check_encoder();
  printf("%d PNGs in 2 formats and %d JPEGs, each into 3 states of memory\n", png, jpeg);
  puts("all is well");
  return 0;
}
