// Package logfile keeps logs small, whoever writes them and however fast.
//
// A log is a plain file that its writers append to through descriptors of their
// own: a router's agent, Open vSwitch's daemons, a host's own command. They are
// never blocked, get no SIGPIPE, and do not depend on a reader of a pipe that
// might be killed. Instead, the files are bounded from outside: Keep copies the
// end of a log that has grown too large to a second file and truncates the
// first in place. That needs no state, so that another process can take over
// from one that was killed. Libraries for rotation rename the file and open it
// anew, which only a writer that owns the log can do.
//
// Handler counts log records that repeat instead of writing each.
//
// The package must not contain knowledge of labs, nor decide which files are
// logs.
package logfile
