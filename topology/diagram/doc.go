// Package diagram owns pictures of a validated topology: routers, the links
// between them with their addresses, VRFs by colour, hosts, and labels where
// the caller knows them. Each picture is a pure function of its arguments, the
// same in every run, and needs no other program.
//
// It must not contain file access, knowledge of running labs, or colours that
// only some people can tell apart: whatever a colour says stands there in
// words too.
package diagram
