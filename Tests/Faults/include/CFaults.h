#ifndef LONGTAIL_CFAULTS_H
#define LONGTAIL_CFAULTS_H

// A library for LD_PRELOAD that puts itself in front of the system calls on files, and lets some of them go wrong.
//
// LONGTAIL_FAULT holds rules between '|', each of fields between ';':
//   path=TEXT     only calls on paths that contain this
//   calls=A,B     only these, by name: open, write, fsync, close, mkdir, rename, link, unlink, rmdir, truncate; without it all of them
//   rank=N        only in this rank of an mpirun
//   at=N          from the Nth such call of the process on (1 by default)
//   count=N       for so many calls (1 by default), 0 for all that follow
//   do=kill       ends the process before the call, as SIGKILL does
//   do=tear       the same, but a write puts half of its bytes into the file first
//   do=error:N    the call fails with this error number, after a write has put half of its bytes into the file
//   do=signal:N   the process gets this signal, then the call goes on
//   do=delay:N    the call takes so many microseconds longer
//   log=FILE      each call that the rule counts is written there: its number, name and path

/// The number of rules that the environment holds; the library has read them when it was loaded.
int longtail_fault_rules(void);

#endif
