#define _GNU_SOURCE
#include "CFaults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MAXIMUM_RULES = 4, MAXIMUM_TEXT = 256 };
enum action { NOTHING, KILL, TEAR, FAIL, SIGNAL, DELAY };

struct rule {
  char path[MAXIMUM_TEXT];
  char calls[MAXIMUM_TEXT];
  char log[MAXIMUM_TEXT];
  long at;
  long count;
  enum action action;
  int argument;
  atomic_long seen;
};

static struct rule rules[MAXIMUM_RULES];
static int rule_count;

static void copy(char *target, const char *text, size_t length) {
  if (length >= MAXIMUM_TEXT) length = MAXIMUM_TEXT - 1;
  memcpy(target, text, length);
  target[length] = 0;
}

static int is_key(const char *field, size_t length, const char *key) { return length == strlen(key) && memcmp(field, key, length) == 0; }

static int starts(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

// Reads one rule; 0 where it is for another rank.
static int parse(const char *text, size_t length, struct rule *rule) {
  memset(rule, 0, sizeof *rule);
  rule->at = 1;
  rule->count = 1;
  const char *end = text + length;
  while (text < end) {
    const char *stop = memchr(text, ';', (size_t)(end - text));
    if (stop == NULL) stop = end;
    const char *sign = memchr(text, '=', (size_t)(stop - text));
    if (sign != NULL) {
      const size_t key = (size_t)(sign - text);
      char value[MAXIMUM_TEXT];
      copy(value, sign + 1, (size_t)(stop - sign - 1));
      if (is_key(text, key, "path")) copy(rule->path, value, strlen(value));
      if (is_key(text, key, "calls")) copy(rule->calls, value, strlen(value));
      if (is_key(text, key, "log")) copy(rule->log, value, strlen(value));
      if (is_key(text, key, "at")) rule->at = atol(value);
      if (is_key(text, key, "count")) rule->count = atol(value);
      if (is_key(text, key, "do")) {
        const char *colon = strchr(value, ':');
        if (colon != NULL) rule->argument = atoi(colon + 1);
        if (starts(value, "kill")) rule->action = KILL;
        if (starts(value, "tear")) rule->action = TEAR;
        if (starts(value, "error")) rule->action = FAIL;
        if (starts(value, "signal")) rule->action = SIGNAL;
        if (starts(value, "delay")) rule->action = DELAY;
      }
      if (is_key(text, key, "rank")) {
        const char *own = getenv("OMPI_COMM_WORLD_RANK");
        if (own == NULL || strcmp(own, value) != 0) return 0;
      }
    }
    text = stop + 1;
  }
  return 1;
}

__attribute__((constructor)) static void read_rules(void) {
  const char *text = getenv("LONGTAIL_FAULT");
  while (text != NULL && *text != 0 && rule_count < MAXIMUM_RULES) {
    const char *stop = strchr(text, '|');
    const size_t length = stop == NULL ? strlen(text) : (size_t)(stop - text);
    rule_count += parse(text, length, &rules[rule_count]);
    text = stop == NULL ? NULL : stop + 1;
  }
}

int longtail_fault_rules(void) { return rule_count; }

static int names(const char *list, const char *call) {
  const size_t length = strlen(call);
  for (const char *place = list; (place = strstr(place, call)) != NULL; place += length) {
    const int begins = place == list || place[-1] == ',';
    if (begins && (place[length] == 0 || place[length] == ',')) return 1;
  }
  return 0;
}

static void note(const struct rule *rule, long number, const char *call, const char *path) {
  if (rule->log[0] == 0) return;
  char line[PATH_MAX + 64];
  const int length = snprintf(line, sizeof line, "%ld %s %s\n", number, call, path);
  const int file = (int)syscall(SYS_openat, AT_FDCWD, rule->log, O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (file < 0 || length < 0) return;
  (void)!syscall(SYS_write, file, line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
  syscall(SYS_close, file);
}

// Counts a call. Returns an error number with which it has to fail, 0 where it may go on. `half` puts half of a write into the file.
static int before(const char *call, const char *path, void (*half)(void *), void *context) {
  int failure = 0;
  for (int i = 0; i < rule_count; i++) {
    struct rule *rule = &rules[i];
    if (path == NULL || strstr(path, rule->path) == NULL) continue;
    if (rule->calls[0] != 0 && !names(rule->calls, call)) continue;
    const long number = atomic_fetch_add(&rule->seen, 1) + 1;
    note(rule, number, call, path);
    if (number < rule->at || (rule->count > 0 && number >= rule->at + rule->count)) continue;
    switch (rule->action) {
    case NOTHING: break;
    case TEAR:
      if (half != NULL) half(context);
      kill(getpid(), SIGKILL);
      break;
    case KILL: kill(getpid(), SIGKILL); break;
    case FAIL:
      if (half != NULL) half(context);
      failure = rule->argument;
      break;
    case SIGNAL: kill(getpid(), rule->argument); break;
    case DELAY: usleep((useconds_t)rule->argument); break;
    }
  }
  return failure;
}

// The path of an open file, or NULL.
static const char *path_of(int file, char *buffer, size_t size) {
  if (rule_count == 0) return NULL;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, buffer, size - 1);
  if (length < 0) return NULL;
  buffer[length] = 0;
  return buffer;
}

#define NEXT(name) ((__typeof__(&name))next(#name))

static void *next(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (found == NULL) abort();
  return found;
}

#define REFUSE(call, path)                                                                                                                 \
  do {                                                                                                                                     \
    const int failure = before(call, path, NULL, NULL);                                                                                    \
    if (failure != 0) {                                                                                                                    \
      errno = failure;                                                                                                                     \
      return -1;                                                                                                                           \
    }                                                                                                                                      \
  } while (0)

#define MODE(flags, last)                                                                                                                  \
  mode_t mode = 0;                                                                                                                         \
  if (((flags) & (O_CREAT | __O_TMPFILE)) != 0) {                                                                                          \
    va_list list;                                                                                                                          \
    va_start(list, last);                                                                                                                  \
    mode = va_arg(list, mode_t);                                                                                                           \
    va_end(list);                                                                                                                          \
  }

int open(const char *path, int flags, ...) {
  MODE(flags, flags)
  REFUSE("open", path);
  return NEXT(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE(flags, flags)
  REFUSE("open", path);
  return NEXT(open64)(path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...) {
  MODE(flags, flags)
  REFUSE("open", path);
  return NEXT(openat)(directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...) {
  MODE(flags, flags)
  REFUSE("open", path);
  return NEXT(openat64)(directory, path, flags, mode);
}

struct piece {
  int file;
  const void *bytes;
  size_t count;
};

static void write_half(void *context) {
  const struct piece *piece = context;
  (void)!syscall(SYS_write, piece->file, piece->bytes, piece->count / 2);
}

ssize_t write(int file, const void *bytes, size_t count) {
  char buffer[PATH_MAX];
  struct piece piece = {file, bytes, count};
  const int failure = before("write", path_of(file, buffer, sizeof buffer), write_half, &piece);
  if (failure != 0) {
    errno = failure;
    return -1;
  }
  return NEXT(write)(file, bytes, count);
}

int fsync(int file) {
  char buffer[PATH_MAX];
  REFUSE("fsync", path_of(file, buffer, sizeof buffer));
  return NEXT(fsync)(file);
}

int fdatasync(int file) {
  char buffer[PATH_MAX];
  REFUSE("fsync", path_of(file, buffer, sizeof buffer));
  return NEXT(fdatasync)(file);
}

int close(int file) {
  char buffer[PATH_MAX];
  const int former = errno;
  const int failure = before("close", path_of(file, buffer, sizeof buffer), NULL, NULL);
  errno = former;
  const int result = NEXT(close)(file);
  if (failure == 0) return result;
  // As the system does: the file is closed all the same.
  errno = failure;
  return -1;
}

int mkdir(const char *path, mode_t mode) {
  REFUSE("mkdir", path);
  return NEXT(mkdir)(path, mode);
}

int rename(const char *source, const char *target) {
  REFUSE("rename", target);
  return NEXT(rename)(source, target);
}

int renameat2(int from, const char *source, int to, const char *target, unsigned flags) {
  REFUSE("rename", target);
  return NEXT(renameat2)(from, source, to, target, flags);
}

int link(const char *source, const char *target) {
  REFUSE("link", target);
  return NEXT(link)(source, target);
}

int unlink(const char *path) {
  REFUSE("unlink", path);
  return NEXT(unlink)(path);
}

int unlinkat(int directory, const char *path, int flags) {
  char buffer[PATH_MAX];
  // A name relative to an open directory counts by the directory's path.
  REFUSE((flags & AT_REMOVEDIR) != 0 ? "rmdir" : "unlink", path[0] == '/' || directory == AT_FDCWD ? path : path_of(directory, buffer, sizeof buffer));
  return NEXT(unlinkat)(directory, path, flags);
}

int rmdir(const char *path) {
  REFUSE("rmdir", path);
  return NEXT(rmdir)(path);
}

int ftruncate(int file, off_t length) {
  char buffer[PATH_MAX];
  REFUSE("truncate", path_of(file, buffer, sizeof buffer));
  return NEXT(ftruncate)(file, length);
}
