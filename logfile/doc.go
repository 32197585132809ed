// Package logfile keeps logs small, whoever writes them and however fast.
//
// A log is a plain file that its writers append to through descriptors of
// their own: a router's agent, Open vSwitch's daemons, a host's own command.
// They are never blocked, get no SIGPIPE, and need nobody at the other end of
// a pipe who might be killed. Instead whoever looks after a lab bounds the
// files from outside: Keep copies the end of a log that has grown too large
// to a second file and truncates the first in place. All of that is
// stateless, so that a keeper that is killed is replaced by the next one.
// Libraries that rotate rename the file and open it anew, which only a
// writer that owns the log can do.
//
// Handler counts log records that repeat instead of writing each.
//
// The package must not contain knowledge of labs, and no decision about which
// files are logs.
package logfile
