#include "CMatFiles.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void longtail_mat_lock(void) { pthread_mutex_lock(&mutex); }
void longtail_mat_unlock(void) { pthread_mutex_unlock(&mutex); }

#if __has_include(<matio.h>)
#include <matio.h>

struct longtail_mat {
  mat_t *file;
};

#define FUNCTIONS(X) X(Mat_Open) X(Mat_Close) X(Mat_VarReadInfo) X(Mat_VarReadData) X(Mat_VarFree) X(Mat_GetLibraryVersion) X(Mat_LogInitFunc)
#define DECLARE(name) static __typeof__(&name) p##name;
FUNCTIONS(DECLARE)

static void *library;

// What the library has to say is said by whoever asked, with the file's name. The message is const in newer versions only.
static void silent(int level, const char *message) {
  (void)level;
  (void)message;
}

static const char *load(void) {
  if (library != NULL) return NULL;
  const char *names[] = {"libmatio.so.14", "libmatio.so.13", "libmatio.so.12", "libmatio.so.11", "libmatio.so"};
  void *opened = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names && opened == NULL; i++) opened = dlopen(names[i], RTLD_LAZY | RTLD_LOCAL);
  if (opened == NULL) return "matio is not installed (Debian and Ubuntu: libmatio-dev)";
#define LOOK_UP(name) if ((p##name = (__typeof__(p##name))dlsym(opened, #name)) == NULL) return "its matio lacks " #name;
  FUNCTIONS(LOOK_UP)
  int major = 0, minor = 0, release = 0;
  pMat_GetLibraryVersion(&major, &minor, &release);
  // The structures of the headers are the same in 1.5 and 1.6.
  if (major != 1 || minor < 5 || minor > 6) return "another matio than 1.5 or 1.6 is installed";
  // Without a type, so that it is right for the headers of all versions.
  pMat_LogInitFunc("longtail", (void *)silent);
  // HDF5 prints its stack of errors otherwise. It is found among matio's own dependencies.
  int (*set_auto)(int64_t, void *, void *) = (int (*)(int64_t, void *, void *))dlsym(opened, "H5Eset_auto2");
  if (set_auto != NULL) set_auto(0, NULL, NULL);
  library = opened;
  return NULL;
}

longtail_mat *longtail_mat_open(const char *path, int32_t *missing_library, char *reason, int32_t capacity) {
  const char *problem = load();
  *missing_library = problem != NULL;
  mat_t *file = problem == NULL ? pMat_Open(path, MAT_ACC_RDONLY) : NULL;
  longtail_mat *opened = file != NULL ? malloc(sizeof *opened) : NULL;
  if (opened == NULL) {
    if (file != NULL) pMat_Close(file);
    if (capacity > 0) snprintf(reason, (size_t)capacity, "%s", problem != NULL ? problem : "not a MATLAB file, or broken");
    return NULL;
  }
  opened->file = file;
  return opened;
}

void longtail_mat_close(longtail_mat *file) {
  pMat_Close(file->file);
  free(file);
}

int32_t longtail_mat_extents(longtail_mat *file, const char *name, int32_t *type, int64_t extents[8]) {
  matvar_t *array = pMat_VarReadInfo(file->file, name);
  if (array == NULL) return -1;
  int32_t rank = array->rank >= 0 && array->rank <= 8 && array->dims != NULL ? array->rank : -1;
  for (int32_t i = 0; i < rank; i++) extents[i] = (int64_t)array->dims[i];
  *type = array->isComplex ? longtail_mat_other
          : array->class_type == MAT_C_UINT8 ? longtail_mat_uint8
          : array->class_type == MAT_C_UINT16 ? longtail_mat_uint16
                                              : longtail_mat_other;
  pMat_VarFree(array);
  return rank;
}

int32_t longtail_mat_read(longtail_mat *file, const char *name, void *data, const int32_t *start, const int32_t *count) {
  matvar_t *array = pMat_VarReadInfo(file->file, name);
  if (array == NULL) return -1;
  int starts[8], strides[8], counts[8];
  int status = array->rank >= 0 && array->rank <= 8 ? 0 : -1;
  for (int i = 0; status == 0 && i < array->rank; i++) {
    starts[i] = start[i];
    strides[i] = 1;
    counts[i] = count[i];
  }
  if (status == 0) status = pMat_VarReadData(file->file, array, data, starts, strides, counts);
  pMat_VarFree(array);
  return status == 0 ? 0 : -1;
}

#else

longtail_mat *longtail_mat_open(const char *path, int32_t *missing_library, char *reason, int32_t capacity) {
  (void)path;
  *missing_library = 1;
  if (capacity > 0) snprintf(reason, (size_t)capacity, "this program was built without matio's header (Debian and Ubuntu: libmatio-dev)");
  return NULL;
}
void longtail_mat_close(longtail_mat *file) { (void)file; }
int32_t longtail_mat_extents(longtail_mat *file, const char *name, int32_t *type, int64_t extents[8]) {
  (void)file, (void)name, (void)type, (void)extents;
  return -1;
}
int32_t longtail_mat_read(longtail_mat *file, const char *name, void *data, const int32_t *start, const int32_t *count) {
  (void)file, (void)name, (void)data, (void)start, (void)count;
  return -1;
}

#endif
