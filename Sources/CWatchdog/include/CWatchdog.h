#ifndef LONGTAIL_CWATCHDOG_H
#define LONGTAIL_CWATCHDOG_H

#include <stdint.h>

// What a watchdog needs that Swift cannot do: words that several processes share without locks, the call stacks of other threads,
// and an end that does not depend on anything else still working.

/// What a rank is doing, in memory that all ranks of its node see. One writer, any number of readers; two cache lines, so that
/// neighbours do not disturb each other.
typedef struct longtail_beacon {
  /// Odd while the rank writes.
  uint64_t version;
  /// The phase's number.
  uint64_t phase;
  /// The step, counted from 1; 0 before the first.
  uint64_t step;
  /// When the phase or the collective last changed, in nanoseconds of the monotonic clock.
  uint64_t since;
  /// Collectives issued so far.
  uint64_t sequence;
  /// The number of the last one's operation, and its count of elements.
  uint64_t operation, count;
  /// 1 inside a collective.
  uint64_t waiting;
  /// The process, and the inode of the namespace that its number belongs to.
  uint64_t process, process_space;
  /// The rank and 1, so that a beacon that nobody has lit shows.
  uint64_t rank_and_one;
  /// 1 once the rank has left the group in good order.
  uint64_t finished;
  /// 1 once the rank has written what it was doing into a file.
  uint64_t reported;
  uint64_t reserved[3];
} longtail_beacon;

/// Nanoseconds of the monotonic clock, which all processes of a machine share.
uint64_t longtail_monotonic(void);

/// Says who the writer is.
void longtail_beacon_light(longtail_beacon *beacon, uint64_t rank, uint64_t process_space, uint64_t phase);
/// Begins a phase of a step.
void longtail_beacon_enter(longtail_beacon *beacon, uint64_t phase, uint64_t step);
/// Begins a collective: counts it, and waits from now on.
void longtail_beacon_issue(longtail_beacon *beacon, uint64_t operation, uint64_t count);
/// Ends the collective.
void longtail_beacon_complete(longtail_beacon *beacon);
/// The rank leaves.
void longtail_beacon_finish(longtail_beacon *beacon);
/// Whether a rank has written its file.
void longtail_beacon_set_reported(longtail_beacon *beacon);
/// A consistent copy; one that a stopped writer left half-written is taken as it is.
void longtail_beacon_read(const longtail_beacon *beacon, longtail_beacon *copy);

/// The 64-bit word at `address`.
uint64_t longtail_word_load(const uint64_t *address);
/// Sets it to `desired` if it is `expected`: 1 for the caller that did, else 0.
int32_t longtail_word_exchange(uint64_t *address, uint64_t expected, uint64_t desired);

/// The system's number of the calling thread.
int32_t longtail_thread_number(void);
/// Frames of a call stack that are kept.
enum { longtail_stack_depth = 96 };
/// Makes ready for longtail_stack_of: installs a handler, loads what unwinding needs. Returns 0, or errno.
int32_t longtail_stack_prepare(void);
/// The return addresses on the stack of a thread of this process, innermost first. Returns how many; 0 if the thread does not answer in
/// time, as one in uninterruptible sleep does not. One caller at a time.
int32_t longtail_stack_of(int32_t thread, void **frames, int32_t milliseconds);
/// Where an address lies: the file it was loaded from (cut to capacity, empty if unknown) and the offset from where that file begins.
/// Returns the name of the nearest exported symbol, or NULL.
const char *longtail_stack_place(const void *address, char *file, int32_t capacity, uint64_t *offset, uint64_t *symbol_offset);
/// The readable form of a mangled Swift name, to be freed; NULL if it is none.
char *longtail_stack_readable(const char *symbol);

/// Ends the process with this code after this many seconds, whatever its threads are doing then.
void longtail_exit_within(int32_t code, uint32_t seconds);
/// Ends the process at once, without calling anything.
void longtail_exit_now(int32_t code) __attribute__((noreturn));

#endif
