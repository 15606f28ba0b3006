#define _GNU_SOURCE
#include "CMPI.h"

#include <dlfcn.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if !__has_include(<mpi.h>)
#error "mpi.h not found: install Open MPI's headers (Debian and Ubuntu: libopenmpi-dev), or run Launch/bootstrap, or set MPI_HOME"
#endif
#include <mpi.h>

// Each function by its MPI name: one line here declares the pointer and has it looked up.
#define FUNCTIONS(X) \
  X(MPI_Init_thread) X(MPI_Finalize) X(MPI_Abort) X(MPI_Error_string) X(MPI_Get_library_version) X(MPI_Get_processor_name) \
  X(MPI_Comm_rank) X(MPI_Comm_size) X(MPI_Comm_split) X(MPI_Comm_split_type) X(MPI_Comm_set_errhandler) X(MPI_Barrier) \
  X(MPI_Allreduce) X(MPI_Bcast) X(MPI_Allgather) X(MPI_Send) X(MPI_Recv) X(MPI_Alltoallv) X(MPI_Allgatherv) \
  X(MPI_Win_allocate_shared) X(MPI_Win_shared_query) X(MPI_Win_set_errhandler) X(MPI_Win_lock_all) X(MPI_Win_sync) \
  X(MPI_T_init_thread) X(MPI_T_cvar_get_index) X(MPI_T_cvar_handle_alloc) X(MPI_T_cvar_read) X(MPI_T_cvar_handle_free)

// Open MPI's handles are addresses of objects in the library. Their macros name those objects, which would have to be linked.
#define HANDLES(X) \
  X(ompi_mpi_comm_world) X(ompi_mpi_byte) X(ompi_mpi_float) X(ompi_mpi_double) X(ompi_mpi_int64_t) X(ompi_mpi_uint64_t) \
  X(ompi_mpi_uint16_t) \
  X(ompi_mpi_op_sum) X(ompi_mpi_op_min) X(ompi_mpi_op_bor) X(ompi_mpi_info_null) X(ompi_mpi_errors_return)

#define DECLARE_FUNCTION(name) static __typeof__(&name) p##name;
#define DECLARE_HANDLE(name) static void *h_##name;
FUNCTIONS(DECLARE_FUNCTION)
HANDLES(DECLARE_HANDLE)

static void cut(char *to, const char *from, int32_t capacity) {
  if (capacity > 0) snprintf(to, (size_t)capacity, "%s", from);
}

static void *lookup(void *library, const char *symbol, const char **missing) {
  void *address = dlsym(library, symbol);
  if (address == NULL && *missing == NULL) *missing = symbol;
  return address;
}

// What a library says that it is, in one line of at most 160 bytes, where it is an MPI.
static void introduce(void *library, char *text, size_t capacity) {
  // Other MPIs say more than Open MPI: the standard's own limit is 8192.
  static char full[8192];
  int length = 0;
  const __typeof__(&MPI_Get_library_version) version = (__typeof__(version))dlsym(library, "MPI_Get_library_version");
  if (version == NULL || version(full, &length) != MPI_SUCCESS) return;
  snprintf(text, capacity, ": it says that it is '%.*s'", (int)(strcspn(full, "\n") < 160 ? strcspn(full, "\n") : 160), full);
}

int32_t longtail_mpi_load(const char *name, char *reason, int32_t capacity) {
  // Open MPI opens plugins that expect its symbols in the global scope.
  void *library = dlopen(name, RTLD_GLOBAL | RTLD_LAZY);
  if (library == NULL) {
    const char *error = dlerror();
    cut(reason, error != NULL ? error : "dlopen failed", capacity);
    return -1;
  }
  const char *missing = NULL;
#define LOOK_UP_FUNCTION(name) p##name = (__typeof__(p##name))lookup(library, #name, &missing);
#define LOOK_UP_HANDLE(name) h_##name = lookup(library, #name, &missing);
  FUNCTIONS(LOOK_UP_FUNCTION)
  HANDLES(LOOK_UP_HANDLE)
  if (missing == NULL) return 0;
  char introduction[256] = "";
  introduce(library, introduction, sizeof introduction);
  if (capacity > 0) {
    snprintf(reason, (size_t)capacity, "%s is not the Open MPI that is needed%s; it has no symbol %s", name, introduction, missing);
  }
  dlclose(library);
  return -1;
}

int32_t longtail_mpi_initialize(void) {
  int provided = 0;
  const int code = pMPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
  if (code != MPI_SUCCESS) return code;
  return pMPI_Comm_set_errhandler((MPI_Comm)h_ompi_mpi_comm_world, (MPI_Errhandler)h_ompi_mpi_errors_return);
}

int32_t longtail_mpi_finalize(void) { return pMPI_Finalize(); }

void longtail_mpi_abort(int32_t code) { pMPI_Abort((MPI_Comm)h_ompi_mpi_comm_world, code); }

void longtail_mpi_describe(int32_t code, char *text, int32_t capacity) {
  char full[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  if (pMPI_Error_string(code, full, &length) != MPI_SUCCESS) snprintf(full, sizeof full, "error %d", code);
  cut(text, full, capacity);
}

void longtail_mpi_version(char *text, int32_t capacity) {
  char full[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  int length = 0;
  pMPI_Get_library_version(full, &length);
  cut(text, full, capacity);
}

longtail_mpi_group longtail_mpi_world(void) { return (longtail_mpi_group)h_ompi_mpi_comm_world; }

int32_t longtail_mpi_rank(longtail_mpi_group group, int32_t *rank) { return pMPI_Comm_rank((MPI_Comm)group, rank); }

int32_t longtail_mpi_size(longtail_mpi_group group, int32_t *size) { return pMPI_Comm_size((MPI_Comm)group, size); }

int32_t longtail_mpi_host(char *name, int32_t capacity) {
  char full[MPI_MAX_PROCESSOR_NAME] = "";
  int length = 0;
  const int code = pMPI_Get_processor_name(full, &length);
  cut(name, full, capacity);
  return code;
}

static int32_t adopt(int code, MPI_Comm made, longtail_mpi_group *part) {
  if (code != MPI_SUCCESS) return code;
  *part = (longtail_mpi_group)made;
  return pMPI_Comm_set_errhandler(made, (MPI_Errhandler)h_ompi_mpi_errors_return);
}

int32_t longtail_mpi_split(longtail_mpi_group group, int32_t color, int32_t key, longtail_mpi_group *part) {
  MPI_Comm made = NULL;
  const int code = pMPI_Comm_split((MPI_Comm)group, color, key, &made);
  return adopt(code, made, part);
}

int32_t longtail_mpi_split_by_node(longtail_mpi_group group, int32_t key, longtail_mpi_group *part) {
  MPI_Comm made = NULL;
  const int code = pMPI_Comm_split_type((MPI_Comm)group, MPI_COMM_TYPE_SHARED, key, (MPI_Info)h_ompi_mpi_info_null, &made);
  return adopt(code, made, part);
}

int32_t longtail_mpi_barrier(longtail_mpi_group group) { return pMPI_Barrier((MPI_Comm)group); }

static MPI_Datatype datatype(enum longtail_mpi_type type) {
  void *const types[] = {h_ompi_mpi_double, h_ompi_mpi_int64_t, h_ompi_mpi_uint64_t, h_ompi_mpi_float, h_ompi_mpi_uint16_t};
  return (MPI_Datatype)types[type];
}

int32_t longtail_mpi_reduce(
    longtail_mpi_group group, void *values, int32_t count, enum longtail_mpi_type type, enum longtail_mpi_operation operation) {
  void *const operations[] = {h_ompi_mpi_op_sum, h_ompi_mpi_op_min, h_ompi_mpi_op_bor};
  return pMPI_Allreduce(MPI_IN_PLACE, values, count, datatype(type), (MPI_Op)operations[operation], (MPI_Comm)group);
}

int32_t longtail_mpi_broadcast(longtail_mpi_group group, void *bytes, int32_t count, int32_t root) {
  return pMPI_Bcast(bytes, count, (MPI_Datatype)h_ompi_mpi_byte, root, (MPI_Comm)group);
}

int32_t longtail_mpi_gather_all(longtail_mpi_group group, const void *bytes, int32_t count, void *all) {
  MPI_Datatype byte = (MPI_Datatype)h_ompi_mpi_byte;
  return pMPI_Allgather(bytes, count, byte, all, count, byte, (MPI_Comm)group);
}

enum { gather_tag = 4713 };

int32_t longtail_mpi_send(longtail_mpi_group group, const void *bytes, int32_t count, int32_t to) {
  return pMPI_Send(bytes, count, (MPI_Datatype)h_ompi_mpi_byte, to, gather_tag, (MPI_Comm)group);
}

int32_t longtail_mpi_receive(longtail_mpi_group group, void *bytes, int32_t count, int32_t from) {
  return pMPI_Recv(bytes, count, (MPI_Datatype)h_ompi_mpi_byte, from, gather_tag, (MPI_Comm)group, MPI_STATUS_IGNORE);
}

int32_t longtail_mpi_exchange_slices(
    longtail_mpi_group group, enum longtail_mpi_type type, const void *values, const int32_t *counts, const int32_t *offsets, void *received,
    const int32_t *received_counts, const int32_t *received_offsets) {
  MPI_Datatype element = datatype(type);
  return pMPI_Alltoallv(values, counts, offsets, element, received, received_counts, received_offsets, element, (MPI_Comm)group);
}

int32_t longtail_mpi_share_slices(
    longtail_mpi_group group, enum longtail_mpi_type type, void *values, const int32_t *counts, const int32_t *offsets) {
  MPI_Datatype element = datatype(type);
  return pMPI_Allgatherv(MPI_IN_PLACE, 0, element, values, counts, offsets, element, (MPI_Comm)group);
}

void longtail_mpi_window_directory(char *path, int32_t capacity) {
  cut(path, "", capacity);
  int provided = 0, index = -1, length = 0;
  if (pMPI_T_init_thread(MPI_THREAD_SINGLE, &provided) != MPI_SUCCESS) return;
  if (pMPI_T_cvar_get_index("osc_sm_backing_directory", &index) != MPI_SUCCESS) return;
  MPI_T_cvar_handle handle = NULL;
  if (pMPI_T_cvar_handle_alloc(index, NULL, &handle, &length) != MPI_SUCCESS) return;
  char *text = length > 0 ? calloc((size_t)length + 1, 1) : NULL;
  if (text != NULL && pMPI_T_cvar_read(handle, text) == MPI_SUCCESS) cut(path, text, capacity);
  free(text);
  pMPI_T_cvar_handle_free(&handle);
}

int32_t longtail_mpi_window_allocate(longtail_mpi_group group, int64_t bytes, longtail_mpi_window *window) {
  MPI_Win made = NULL;
  void *base = NULL;
  int code = pMPI_Win_allocate_shared((MPI_Aint)bytes, 1, (MPI_Info)h_ompi_mpi_info_null, (MPI_Comm)group, &base, &made);
  if (code != MPI_SUCCESS) return code;
  *window = (longtail_mpi_window)made;
  code = pMPI_Win_set_errhandler(made, (MPI_Errhandler)h_ompi_mpi_errors_return);
  if (code != MPI_SUCCESS) return code;
  // MPI_Win_sync is allowed inside a passive epoch only; nobody else takes locks on this window.
  return pMPI_Win_lock_all(MPI_MODE_NOCHECK, made);
}

int32_t longtail_mpi_window_base(longtail_mpi_window window, int32_t rank, void **base) {
  MPI_Aint size = 0;
  int unit = 0;
  return pMPI_Win_shared_query((MPI_Win)window, rank, &size, &unit, base);
}

int32_t longtail_mpi_window_synchronize(longtail_mpi_window window) { return pMPI_Win_sync((MPI_Win)window); }

int32_t longtail_affinity_mask(uint64_t *words) {
  cpu_set_t set;
  CPU_ZERO(&set);
  memset(words, 0, longtail_affinity_words * sizeof *words);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 0;
  for (int processor = 0; processor < longtail_affinity_words * 64; processor++) {
    if (CPU_ISSET(processor, &set)) words[processor / 64] |= UINT64_C(1) << (processor % 64);
  }
  return CPU_COUNT(&set);
}

uint32_t longtail_claim(void *address) { return __atomic_exchange_n((uint32_t *)address, 1, __ATOMIC_ACQ_REL); }
