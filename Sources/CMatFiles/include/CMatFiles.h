#ifndef LONGTAIL_CMATFILES_H
#define LONGTAIL_CMATFILES_H

#include <stddef.h>
#include <stdint.h>

// MATLAB's files, read by matio. The library is opened when the first file is: it brings HDF5 and all that HDF5 is built on, which
// only the few who read such files should have to load.

/// An open file.
typedef struct longtail_mat longtail_mat;

/// Element types that are told apart.
enum { longtail_mat_other = 0, longtail_mat_uint8 = 1, longtail_mat_uint16 = 2 };

/// Held while the library works: HDF5 keeps state that all files of a process share.
void longtail_mat_lock(void);
/// Lets others work with the library.
void longtail_mat_unlock(void);

/// Opens a file for reading. NULL where that fails: then `reason` says why, and `*missing_library` is 1 if matio cannot be loaded.
longtail_mat *longtail_mat_open(const char *path, int32_t *missing_library, char *reason, int32_t capacity);

/// Closes a file.
void longtail_mat_close(longtail_mat *file);

/// Extents of an array, slowest last. Returns the number of dimensions, -1 where there is no such array or it has more than 8.
int32_t longtail_mat_extents(longtail_mat *file, const char *name, int32_t *type, int64_t extents[8]);

/// Reads a block of an array: `count[d]` elements from `start[d]` in each dimension. Returns 0, or -1 where reading fails.
int32_t longtail_mat_read(longtail_mat *file, const char *name, void *data, const int32_t *start, const int32_t *count);

#endif
