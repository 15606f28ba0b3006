#define _GNU_SOURCE
#include "CThreads.h"

#include <sched.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// libgomp's own entry points: Swift's clang cannot link -fopenmp, and needs no more than these.
extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
extern int omp_get_thread_num(void);
extern int omp_get_num_threads(void);
extern void omp_set_num_threads(int threads);
extern void omp_set_dynamic(int dynamic);

struct region {
  void (*body)(void *, int32_t, int32_t);
  void *context;
  int32_t parts;
};

static void enter(void *data) {
  const struct region *region = data;
  const int32_t team = omp_get_num_threads();
  for (int32_t part = omp_get_thread_num(); part < region->parts; part += team) {
    region->body(region->context, part, region->parts);
  }
}

void longtail_parallel(void (*body)(void *, int32_t, int32_t), void *context, int32_t parts) {
  if (parts <= 1) {
    if (parts == 1) body(context, 0, 1);
    return;
  }
  struct region region = {body, context, parts};
  GOMP_parallel(enter, &region, 0, 0);
}

void longtail_set_threads(int32_t threads) {
  omp_set_dynamic(0);
  omp_set_num_threads(threads);
}

void longtail_flush_denormals(void) {
#if defined(__x86_64__)
  _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
  _mm_setcsr(_mm_getcsr() | 0x0040);
#endif
}

int32_t longtail_affinity_count(void) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  const int32_t count = CPU_COUNT(&set);
  return count > 0 ? count : 1;
}
