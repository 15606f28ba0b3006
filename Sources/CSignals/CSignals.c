#include "CSignals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { COUNT = 4 };
static const int numbers[COUNT] = {SIGUSR1, SIGUSR2, SIGTERM, SIGINT};
static struct sigaction former[COUNT];
static int installed = 0;

// Lock-free on every machine this runs on, so that a handler may touch them.
static atomic_int stop_request = 0;
static atomic_int save_request = 0;

static void note(int number) {
  if (number == SIGUSR2) {
    atomic_store(&save_request, 1);
    return;
  }
  if (number == SIGINT && atomic_load(&stop_request) == SIGINT) _exit(128 + SIGINT);
  atomic_store(&stop_request, number);
}

int longtail_signals_install(void) {
  if (installed) return 0;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = note;
  // Reads and writes that a signal interrupts go on by themselves.
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigset_t wanted;
  sigemptyset(&wanted);
  for (int i = 0; i < COUNT; i++) {
    if (sigaction(numbers[i], &action, &former[i]) != 0) return errno;
    sigaddset(&wanted, numbers[i]);
  }
  installed = 1;
  // A parent may have started this process from a thread that blocks them, and blocks are inherited.
  return pthread_sigmask(SIG_UNBLOCK, &wanted, 0);
}

void longtail_signals_restore(void) {
  if (!installed) return;
  for (int i = 0; i < COUNT; i++) sigaction(numbers[i], &former[i], 0);
  installed = 0;
  atomic_store(&stop_request, 0);
  atomic_store(&save_request, 0);
}

int longtail_signals_stop(void) { return atomic_load(&stop_request); }

int longtail_signals_take_save(void) { return atomic_exchange(&save_request, 0); }
