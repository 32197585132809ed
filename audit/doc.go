// Package audit finds what of a running lab contradicts itself: labels that routers push
// and nobody has assigned, routes of VRFs that the speaker does not know, neighbours with
// MAC addresses that nobody has.
//
// It is pure: the tables come from the caller. It must not contain ways to get them, nor
// what one router can find out about itself.
package audit
