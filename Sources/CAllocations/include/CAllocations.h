#ifndef LONGTAIL_CALLOCATIONS_H
#define LONGTAIL_CALLOCATIONS_H

#include <stdint.h>

// Counts what the whole process asks the heap for. Linked into a program, it puts itself in front of the C library's malloc, calloc,
// realloc and their aligned kin, all libraries' calls included, and passes every call on. Until counting is switched on that costs one
// read of a flag a call.

/// 1 where calls can be counted: with the GNU C library, and not under a sanitizer, which needs these names itself.
int32_t longtail_allocations_are_countable(void);
/// Switches counting on or off for all threads.
void longtail_count_allocations(int32_t is_on);
/// Calls counted so far that asked for memory, those that failed included.
int64_t longtail_allocation_count(void);
/// Bytes that these calls asked for.
int64_t longtail_allocated_bytes(void);
/// Bytes of the heap in use now, large blocks with mappings of their own included; -1 if the C library does not tell.
int64_t longtail_heap_bytes(void);

#endif
