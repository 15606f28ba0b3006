#define _GNU_SOURCE
#include "CWatchdog.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(longtail_beacon) == 128, "two cache lines");

uint64_t longtail_monotonic(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static uint64_t load(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_RELAXED); }
static void store(uint64_t *word, uint64_t value) { __atomic_store_n(word, value, __ATOMIC_RELAXED); }

// A sequence lock: readers try again where the version was odd or has changed.
static void begin(longtail_beacon *beacon) {
  store(&beacon->version, load(&beacon->version) | 1);
  __atomic_thread_fence(__ATOMIC_RELEASE);
}

static void end(longtail_beacon *beacon) { __atomic_store_n(&beacon->version, load(&beacon->version) + 1, __ATOMIC_RELEASE); }

void longtail_beacon_light(longtail_beacon *beacon, uint64_t rank, uint64_t process_space, uint64_t phase) {
  begin(beacon);
  store(&beacon->process, (uint64_t)getpid());
  store(&beacon->process_space, process_space);
  store(&beacon->phase, phase);
  store(&beacon->since, longtail_monotonic());
  store(&beacon->rank_and_one, rank + 1);
  end(beacon);
}

void longtail_beacon_enter(longtail_beacon *beacon, uint64_t phase, uint64_t step) {
  begin(beacon);
  store(&beacon->phase, phase);
  store(&beacon->step, step);
  store(&beacon->since, longtail_monotonic());
  end(beacon);
}

void longtail_beacon_issue(longtail_beacon *beacon, uint64_t operation, uint64_t count) {
  begin(beacon);
  store(&beacon->sequence, load(&beacon->sequence) + 1);
  store(&beacon->operation, operation);
  store(&beacon->count, count);
  store(&beacon->waiting, 1);
  store(&beacon->since, longtail_monotonic());
  end(beacon);
}

void longtail_beacon_complete(longtail_beacon *beacon) {
  begin(beacon);
  store(&beacon->waiting, 0);
  store(&beacon->since, longtail_monotonic());
  end(beacon);
}

void longtail_beacon_finish(longtail_beacon *beacon) { __atomic_store_n(&beacon->finished, 1, __ATOMIC_RELEASE); }

void longtail_beacon_set_reported(longtail_beacon *beacon) { __atomic_store_n(&beacon->reported, 1, __ATOMIC_RELEASE); }

static void copy_words(const longtail_beacon *beacon, longtail_beacon *copy) {
  const uint64_t *from = (const uint64_t *)beacon;
  uint64_t *to = (uint64_t *)copy;
  for (size_t i = 0; i < sizeof *beacon / sizeof *from; i++) to[i] = load(from + i);
}

// A writer that has lost its processor in the middle gets some time to go on; one that has ended there does not hold anybody up for long.
void longtail_beacon_read(const longtail_beacon *beacon, longtail_beacon *copy) {
  for (int attempt = 0; attempt < 2000; attempt++) {
    if (attempt > 1000) nanosleep(&(struct timespec){0, 50000}, NULL);
    const uint64_t before = __atomic_load_n(&beacon->version, __ATOMIC_ACQUIRE);
    copy_words(beacon, copy);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (before % 2 == 0 && load(&beacon->version) == before) return;
  }
}

uint64_t longtail_word_load(const uint64_t *address) { return __atomic_load_n(address, __ATOMIC_ACQUIRE); }

int32_t longtail_word_exchange(uint64_t *address, uint64_t expected, uint64_t desired) {
  return __atomic_compare_exchange_n(address, &expected, desired, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) ? 1 : 0;
}

// --- Call stacks ---

// The thread that is asked, and its answer. A thread that answers too late finds another number here, or none.
static atomic_int wanted = 0;
static atomic_int answered = 0;
static void *answer[longtail_stack_depth];

int32_t longtail_thread_number(void) { return (int32_t)syscall(SYS_gettid); }

static int stack_signal(void) { return SIGRTMIN + 6; }

static void answer_stack(int number) {
  (void)number;
  const int saved = errno;
  int thread = longtail_thread_number();
  if (atomic_compare_exchange_strong(&wanted, &thread, -1)) atomic_store(&answered, backtrace(answer, longtail_stack_depth));
  errno = saved;
}

int32_t longtail_stack_prepare(void) {
  // The first call loads the unwinder, which a handler must not do.
  void *frames[2];
  backtrace(frames, 2);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = answer_stack;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  return sigaction(stack_signal(), &action, NULL) == 0 ? 0 : errno;
}

int32_t longtail_stack_of(int32_t thread, void **frames, int32_t milliseconds) {
  atomic_store(&answered, 0);
  atomic_store(&wanted, thread);
  if (syscall(SYS_tgkill, getpid(), thread, stack_signal()) != 0) milliseconds = 0;
  const struct timespec pause = {0, 1000000};
  for (int32_t passed = 0; passed < milliseconds && atomic_load(&answered) == 0; passed++) nanosleep(&pause, NULL);
  int expected = thread;
  // Not begun yet: it must not begin any more. Begun: it will be ready at once.
  if (!atomic_compare_exchange_strong(&wanted, &expected, 0)) {
    for (int i = 0; i < 1000 && atomic_load(&answered) == 0; i++) nanosleep(&pause, NULL);
  }
  const int count = atomic_load(&answered);
  // The first two frames are the handler and what the system puts in front of it.
  const int skipped = count > 2 ? 2 : 0;
  for (int i = skipped; i < count; i++) frames[i - skipped] = answer[i];
  return count - skipped;
}

const char *longtail_stack_place(const void *address, char *file, int32_t capacity, uint64_t *offset, uint64_t *symbol_offset) {
  Dl_info info;
  file[0] = 0;
  *offset = 0;
  *symbol_offset = 0;
  if (dladdr(address, &info) == 0) return NULL;
  if (info.dli_fname != NULL && capacity > 0) snprintf(file, (size_t)capacity, "%s", info.dli_fname);
  *offset = (uint64_t)((const char *)address - (const char *)info.dli_fbase);
  if (info.dli_sname != NULL) *symbol_offset = (uint64_t)((const char *)address - (const char *)info.dli_saddr);
  return info.dli_sname;
}

// In Swift's run-time library, where there is one.
extern char *swift_demangle(const char *name, size_t length, char *output, size_t *capacity, uint32_t flags) __attribute__((weak));

char *longtail_stack_readable(const char *symbol) {
  if (swift_demangle == NULL) return NULL;
  return swift_demangle(symbol, strlen(symbol), NULL, NULL, 0);
}

// --- The end ---

static atomic_int late_code = 77;

static void leave(int number) {
  (void)number;
  _exit(atomic_load(&late_code));
}

void longtail_exit_within(int32_t code, uint32_t seconds) {
  atomic_store(&late_code, code);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = leave;
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGALRM, &action, NULL) != 0) return;
  sigset_t wanted_signals;
  sigemptyset(&wanted_signals);
  sigaddset(&wanted_signals, SIGALRM);
  pthread_sigmask(SIG_UNBLOCK, &wanted_signals, NULL);
  alarm(seconds);
}

void longtail_exit_now(int32_t code) { _exit(code); }
