// Calls every function of the C shims, at their limits where they have any, to be run under a sanitizer: alone, and on every rank of
// an mpirun. Exits 0 when all results are right; a sanitizer ends it otherwise.

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CAllocations.h"
#include "CMPI.h"
#include "CSignals.h"
#include "CThreads.h"
#include "CWatchdog.h"

#define EXPECT(condition)                                              \
  do {                                                                 \
    if (!(condition)) {                                                \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);  \
      exit(1);                                                         \
    }                                                                  \
  } while (0)

// --- CThreads ---

static void add_part(void *context, int32_t part, int32_t parts) { ((int *)context)[part] += parts; }

static void check_threads(int threads) {
  int counts[7] = {0};
  longtail_set_threads(threads);
  longtail_flush_denormals();
  for (int parts = 0; parts <= 7; parts++) longtail_parallel(add_part, counts, parts);
  for (int part = 0; part < 7; part++) EXPECT(counts[part] == (7 + part + 1) * (7 - part) / 2);
  EXPECT(longtail_affinity_count() >= 1);
}

// --- CSignals ---

static void check_signals(void) {
  EXPECT(longtail_signals_install() == 0 && longtail_signals_install() == 0);
  EXPECT(longtail_signals_stop() == 0 && longtail_signals_take_save() == 0);
  raise(SIGUSR2);
  EXPECT(longtail_signals_take_save() == 1 && longtail_signals_take_save() == 0);
  raise(SIGUSR1);
  EXPECT(longtail_signals_stop() == SIGUSR1);
  raise(SIGTERM);
  EXPECT(longtail_signals_stop() == SIGTERM);
  longtail_signals_restore();
  EXPECT(longtail_signals_stop() == 0);
}

// --- CAllocations ---

static void check_allocations(void) {
  longtail_count_allocations(1);
  free(malloc(10));
  longtail_count_allocations(0);
  EXPECT(longtail_allocation_count() >= 0 && longtail_allocated_bytes() >= 0);
  EXPECT(!longtail_allocations_are_countable());
}

// --- CWatchdog ---

static longtail_beacon beacon;
static int is_done;

static void *write_beacon(void *argument) {
  (void)argument;
  for (uint64_t step = 1; step <= 20000; step++) {
    longtail_beacon_enter(&beacon, step % 10, step);
    longtail_beacon_issue(&beacon, step % 11, step);
    longtail_beacon_complete(&beacon);
  }
  __atomic_store_n(&is_done, 1, __ATOMIC_RELEASE);
  return NULL;
}

static void *hang(void *argument) {
  __atomic_store_n((int *)argument, longtail_thread_number(), __ATOMIC_RELEASE);
  while (!__atomic_load_n(&is_done, __ATOMIC_ACQUIRE)) usleep(1000);
  return NULL;
}

static uint64_t word;

static void *claim(void *argument) {
  *(int *)argument = longtail_word_exchange(&word, 0, 5);
  return NULL;
}

static void check_watchdog(void) {
  longtail_beacon_light(&beacon, 3, 99, 0);
  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, write_beacon, NULL) == 0);
  longtail_beacon copy;
  uint64_t last = 0;
  while (!__atomic_load_n(&is_done, __ATOMIC_ACQUIRE)) {
    longtail_beacon_read(&beacon, &copy);
    // Words of one moment: a phase belongs to its step.
    EXPECT(copy.rank_and_one == 4 && copy.process_space == 99 && copy.step >= last && (copy.step == 0 || copy.phase == copy.step % 10));
    EXPECT(copy.sequence == copy.step || copy.sequence + 1 == copy.step);
    last = copy.step;
  }
  pthread_join(thread, NULL);
  longtail_beacon_finish(&beacon);
  longtail_beacon_set_reported(&beacon);
  longtail_beacon_read(&beacon, &copy);
  EXPECT(copy.finished == 1 && copy.reported == 1 && copy.sequence == 20000 && copy.waiting == 0);
  EXPECT(longtail_monotonic() >= copy.since);

  pthread_t claimers[8];
  int won[8], winners = 0;
  for (int i = 0; i < 8; i++) EXPECT(pthread_create(&claimers[i], NULL, claim, &won[i]) == 0);
  for (int i = 0; i < 8; i++) {
    pthread_join(claimers[i], NULL);
    winners += won[i];
  }
  EXPECT(winners == 1 && longtail_word_load(&word) == 5);
  uint32_t claimed = 0;
  EXPECT(longtail_claim(&claimed) == 0 && longtail_claim(&claimed) == 1);

  EXPECT(longtail_stack_prepare() == 0);
  is_done = 0;
  int number = 0;
  EXPECT(pthread_create(&thread, NULL, hang, &number) == 0);
  while (__atomic_load_n(&number, __ATOMIC_ACQUIRE) == 0) usleep(1000);
  void *frames[longtail_stack_depth];
  for (int round = 0; round < 20; round++) {
    const int32_t count = longtail_stack_of(number, frames, 2000);
    EXPECT(count > 0 && count <= longtail_stack_depth);
    for (int32_t i = 0; i < count; i++) {
      char file[20];
      uint64_t offset, symbol_offset;
      longtail_stack_place(frames[i], file, sizeof file, &offset, &symbol_offset);
      EXPECT(memchr(file, 0, sizeof file) != NULL);
    }
  }
  EXPECT(longtail_stack_of(number, frames, 0) >= 0);
  __atomic_store_n(&is_done, 1, __ATOMIC_RELEASE);
  pthread_join(thread, NULL);
  EXPECT(longtail_stack_of(number, frames, 50) == 0);
  EXPECT(longtail_stack_readable("$sSiD") == NULL);

  const pid_t child = fork();
  if (child == 0) {
    longtail_exit_within(77, 1);
    for (;;) pause();
  }
  int status = 0;
  EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 77);
}

// --- CMPI ---

static void check_messages(void) {
  char text[64];
  EXPECT(longtail_mpi_load("libmpi-of-nowhere.so", text, 8) == -1 && strlen(text) == 7);
  if (longtail_mpi_load("libmpi.so.40", text, sizeof text) != 0) EXPECT(longtail_mpi_load("libmpi.so", text, sizeof text) == 0);
  EXPECT(longtail_mpi_initialize() == 0);
  longtail_mpi_version(text, sizeof text);
  longtail_mpi_describe(15, text, 4);
  EXPECT(strlen(text) < 4 && longtail_mpi_host(text, sizeof text) == 0);
  longtail_mpi_group world = longtail_mpi_world();
  int32_t rank = -1, size = 0;
  EXPECT(longtail_mpi_rank(world, &rank) == 0 && longtail_mpi_size(world, &size) == 0 && size >= 1);

  double sums[3] = {rank, 1, 0.5};
  EXPECT(longtail_mpi_reduce(world, sums, 3, longtail_mpi_float64, longtail_mpi_add) == 0 && sums[1] == size);
  int64_t least = rank;
  EXPECT(longtail_mpi_reduce(world, &least, 1, longtail_mpi_int64, longtail_mpi_least) == 0 && least == 0);
  uint64_t flags = UINT64_C(1) << rank;
  EXPECT(longtail_mpi_reduce(world, &flags, 1, longtail_mpi_uint64, longtail_mpi_or) == 0 && flags == (UINT64_C(1) << size) - 1);
  uint8_t bytes[100];
  memset(bytes, rank, sizeof bytes);
  EXPECT(longtail_mpi_broadcast(world, bytes, sizeof bytes, size - 1) == 0 && bytes[99] == size - 1);
  int64_t *all = malloc((size_t)size * sizeof *all), own = 10 * rank;
  EXPECT(all != NULL && longtail_mpi_gather_all(world, &own, sizeof own, all) == 0 && all[size - 1] == 10 * (size - 1));
  free(all);
  if (size > 1 && rank == 0) EXPECT(longtail_mpi_receive(world, bytes, 3, 1) == 0 && bytes[2] == 7);
  if (rank == 1) {
    const uint8_t sent[3] = {5, 6, 7};
    EXPECT(longtail_mpi_send(world, sent, 3, 0) == 0);
  }

  // Slices of different sizes, one of them empty.
  int32_t *counts = malloc(4 * (size_t)size * sizeof *counts), total = 0;
  for (int32_t r = 0; r < size; r++) {
    counts[r] = r == 1 ? 0 : 3 + r;
    counts[size + r] = total;
    total += counts[r];
  }
  float *floats = malloc((size_t)total * sizeof *floats), *received = malloc(((size_t)size * (size_t)counts[rank] + 1) * sizeof *received);
  for (int32_t i = 0; i < total; i++) floats[i] = (float)(100 * rank + i);
  for (int32_t r = 0; r < size; r++) {
    counts[2 * size + r] = counts[rank];
    counts[3 * size + r] = r * counts[rank];
  }
  EXPECT(
      longtail_mpi_exchange_slices(
          world, longtail_mpi_float32, floats, counts, counts + size, received, counts + 2 * size, counts + 3 * size) == 0);
  for (int32_t r = 0; r < size; r++) {
    for (int32_t i = 0; i < counts[rank]; i++) EXPECT(received[r * counts[rank] + i] == (float)(100 * r + counts[size + rank] + i));
  }
  EXPECT(longtail_mpi_share_slices(world, longtail_mpi_float32, floats, counts, counts + size) == 0 && floats[0] == 0);
  free(received);
  free(floats);
  free(counts);

  longtail_mpi_group node = NULL, half = NULL;
  EXPECT(longtail_mpi_split_by_node(world, rank, &node) == 0 && longtail_mpi_split(world, rank % 2, rank, &half) == 0);
  int32_t local = -1, neighbours = 0;
  EXPECT(longtail_mpi_rank(node, &local) == 0 && longtail_mpi_size(node, &neighbours) == 0);
  longtail_mpi_window_directory(text, 3);
  EXPECT(strlen(text) < 3);
  longtail_mpi_window window = NULL;
  EXPECT(longtail_mpi_window_allocate(node, 4096, &window) == 0);
  void *base = NULL;
  EXPECT(longtail_mpi_window_base(window, local, &base) == 0);
  memset(base, rank + 1, 4096);
  EXPECT(longtail_mpi_window_synchronize(window) == 0 && longtail_mpi_barrier(node) == 0 && longtail_mpi_window_synchronize(window) == 0);
  EXPECT(longtail_mpi_window_base(window, (local + 1) % neighbours, &base) == 0 && ((uint8_t *)base)[4095] > 0);
  EXPECT(longtail_mpi_barrier(world) == 0);
  uint64_t words[longtail_affinity_words];
  EXPECT(longtail_affinity_mask(words) >= 1);
  EXPECT(longtail_mpi_finalize() == 0);
}

int main(int count, char **arguments) {
  const char *part = count > 1 ? arguments[1] : "";
  if (strcmp(part, "messages") == 0) {
    check_messages();
  } else {
    // One OpenMP thread where a sanitizer cannot see what libgomp's threads agree upon.
    check_threads(count > 2 ? atoi(arguments[2]) : 1);
    check_signals();
    check_allocations();
    check_watchdog();
  }
  puts("all is well");
  return 0;
}
