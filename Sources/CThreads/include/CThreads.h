#ifndef LONGTAIL_CTHREADS_H
#define LONGTAIL_CTHREADS_H

#include <stdint.h>

/// Runs body(context, part, parts) once for each part on the OpenMP threads that oneDNN uses too, and waits for all.
void longtail_parallel(void (*body)(void *context, int32_t part, int32_t parts), void *context, int32_t parts);

/// Sets how many OpenMP threads oneDNN and longtail_parallel use from this thread.
void longtail_set_threads(int32_t threads);

/// Flushes denormal numbers to zero on the calling thread (x86: MXCSR's FTZ and DAZ bits; elsewhere nothing).
void longtail_flush_denormals(void);

/// How many processors the calling thread may run on (its affinity mask).
int32_t longtail_affinity_count(void);

#endif
