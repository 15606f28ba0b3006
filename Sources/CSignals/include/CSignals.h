#ifndef CSIGNALS_H
#define CSIGNALS_H

// Requests that arrive as signals, kept in flags that only ever go up until they are taken.

// Handles SIGUSR1, SIGTERM and the first SIGINT as requests to save and stop, SIGUSR2 as a request to save.
// A second SIGINT ends the process at once, with code 130. Returns 0, or errno.
int longtail_signals_install(void);

// Gives the signals back what they did before.
void longtail_signals_restore(void);

// The number of the last signal that asked to stop, or 0. Stays.
int longtail_signals_stop(void);

// Whether somebody asked to save since the last call: 1 or 0.
int longtail_signals_take_save(void);

#endif
