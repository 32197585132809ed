// Package diagram owns pictures of a validated topology: routers, the links between
// them with their addresses, VRFs by colour, hosts, and labels if the caller has
// them. A picture is a pure function of its arguments and needs no other program.
//
// It must not contain file access, knowledge of running labs, or colours that only
// some people can distinguish: what a colour means is also written in words.
package diagram
