#include "CAllocations.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define LONGTAIL_IS_SANITIZED 1
#else
#define LONGTAIL_IS_SANITIZED 0
#endif

static _Atomic int32_t is_counting;
static _Atomic int64_t calls;
static _Atomic int64_t bytes;

void longtail_count_allocations(int32_t is_on) { atomic_store_explicit(&is_counting, is_on, memory_order_relaxed); }
int64_t longtail_allocation_count(void) { return atomic_load_explicit(&calls, memory_order_relaxed); }
int64_t longtail_allocated_bytes(void) { return atomic_load_explicit(&bytes, memory_order_relaxed); }

#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
int64_t longtail_heap_bytes(void) {
  const struct mallinfo2 info = mallinfo2();
  return (int64_t)(info.uordblks + info.hblkhd);
}
#else
int64_t longtail_heap_bytes(void) { return -1; }
#endif

#if defined(__GLIBC__) && !LONGTAIL_IS_SANITIZED

int32_t longtail_allocations_are_countable(void) { return 1; }

static inline void count(size_t size) {
  if (__builtin_expect(atomic_load_explicit(&is_counting, memory_order_relaxed), 0)) {
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&bytes, (int64_t)size, memory_order_relaxed);
  }
}

// The C library's own functions under their second names. What they return is an ordinary block, so free needs no replacement.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t number, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
  count(size);
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  count(number * size);
  return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
  count(size);
  return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
  count(size);
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  count(size);
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
  if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
  count(size);
  const int former = errno;
  void *made = __libc_memalign(alignment, size);
  errno = former;
  if (made == NULL) return ENOMEM;
  *block = made;
  return 0;
}

#else

int32_t longtail_allocations_are_countable(void) { return 0; }

#endif
