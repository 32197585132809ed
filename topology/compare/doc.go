// Package compare says in a network engineer's words how two validated lab files differ:
// routers, VRFs, sessions, hosts, attachments and static routes, by their names.
//
// It must not contain what a difference means for a running lab, which labs/plan knows.
package compare
