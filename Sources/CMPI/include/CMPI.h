#ifndef LONGTAIL_CMPI_H
#define LONGTAIL_CMPI_H

#include <stdint.h>

// Open MPI behind a table of function pointers that is filled at run time, so that a program that never asks for MPI runs where no
// MPI runtime is installed. Nothing here may be called before longtail_mpi_load has succeeded. Every function that returns int32_t
// returns MPI's own code: 0 is success, longtail_mpi_describe turns the others into text.

/// A communicator. Handles are Open MPI's own and are valid until longtail_mpi_finalize.
typedef struct longtail_mpi_group *longtail_mpi_group;
/// A window of shared memory.
typedef struct longtail_mpi_window *longtail_mpi_window;

/// Element types of the reductions and of exchanged slices.
enum longtail_mpi_type {
  longtail_mpi_float64,
  longtail_mpi_int64,
  longtail_mpi_uint64,
  longtail_mpi_float32,
  /// Sixteen bits that are only moved, such as bfloat16.
  longtail_mpi_bits16
};
/// Operations of the reductions.
enum longtail_mpi_operation { longtail_mpi_add, longtail_mpi_least, longtail_mpi_or };

/// Loads the library of this name and looks up all that is needed. Returns 0, or -1 with the reason in `reason` (cut to capacity).
int32_t longtail_mpi_load(const char *name, char *reason, int32_t capacity);

/// MPI_Init_thread with MPI_THREAD_FUNNELED: all later calls come from the calling thread. Errors are returned from then on.
int32_t longtail_mpi_initialize(void);
/// MPI_Finalize.
int32_t longtail_mpi_finalize(void);
/// MPI_Abort on all ranks; comes back only if MPI refuses.
void longtail_mpi_abort(int32_t code);
/// MPI's text for a code, cut to capacity.
void longtail_mpi_describe(int32_t code, char *text, int32_t capacity);
/// The library's own version line, cut to capacity.
void longtail_mpi_version(char *text, int32_t capacity);

/// All ranks.
longtail_mpi_group longtail_mpi_world(void);
int32_t longtail_mpi_rank(longtail_mpi_group group, int32_t *rank);
int32_t longtail_mpi_size(longtail_mpi_group group, int32_t *size);
/// The name of this host, cut to capacity.
int32_t longtail_mpi_host(char *name, int32_t capacity);
/// The ranks of `group` with equal `color`, ordered by `key`. Collective.
int32_t longtail_mpi_split(longtail_mpi_group group, int32_t color, int32_t key, longtail_mpi_group *part);
/// The ranks of `group` that can share memory with this one, ordered by rank. Collective.
int32_t longtail_mpi_split_by_node(longtail_mpi_group group, int32_t key, longtail_mpi_group *part);

int32_t longtail_mpi_barrier(longtail_mpi_group group);
/// Reduces `count` elements in place; every rank gets the result.
int32_t longtail_mpi_reduce(
    longtail_mpi_group group, void *values, int32_t count, enum longtail_mpi_type type, enum longtail_mpi_operation operation);
int32_t longtail_mpi_broadcast(longtail_mpi_group group, void *bytes, int32_t count, int32_t root);
/// Every rank gets the `count` bytes of every rank, in rank order.
int32_t longtail_mpi_gather_all(longtail_mpi_group group, const void *bytes, int32_t count, void *all);
int32_t longtail_mpi_send(longtail_mpi_group group, const void *bytes, int32_t count, int32_t to);
int32_t longtail_mpi_receive(longtail_mpi_group group, void *bytes, int32_t count, int32_t from);
/// Sends slice r of `values` (counts[r] elements from offsets[r]) to rank r; `received` gets this rank's slice from rank r at
/// received_offsets[r], received_counts[r] elements.
int32_t longtail_mpi_exchange_slices(
    longtail_mpi_group group, enum longtail_mpi_type type, const void *values, const int32_t *counts, const int32_t *offsets, void *received,
    const int32_t *received_counts, const int32_t *received_offsets);
/// Slice r of `values` is rank r's; afterwards every rank has every slice.
int32_t longtail_mpi_share_slices(
    longtail_mpi_group group, enum longtail_mpi_type type, void *values, const int32_t *counts, const int32_t *offsets);

/// The directory of the files behind shared windows, as Open MPI is configured now, cut to capacity; empty if it does not tell.
void longtail_mpi_window_directory(char *path, int32_t capacity);
/// Allocates `bytes` on each rank of a group that shares memory, and opens the window for loads and stores. Collective.
int32_t longtail_mpi_window_allocate(longtail_mpi_group group, int64_t bytes, longtail_mpi_window *window);
/// Where the part of `rank` begins in this process.
int32_t longtail_mpi_window_base(longtail_mpi_window window, int32_t rank, void **base);
/// Makes this rank's stores visible and those of others readable; to be used on both sides of a barrier.
int32_t longtail_mpi_window_synchronize(longtail_mpi_window window);

/// Words of longtail_affinity_mask.
enum { longtail_affinity_words = 16 };
/// Writes the affinity mask of the calling thread, one bit a processor, and returns how many processors it has.
int32_t longtail_affinity_mask(uint64_t *words);
/// Sets the 32-bit word at `address` to one and returns what it held before: zero for exactly one caller.
uint32_t longtail_claim(void *address);

#endif
