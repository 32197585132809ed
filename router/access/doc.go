// Package access is a router's side towards the hosts of customers: its access ports,
// the neighbours on them, what the router itself sends there, and the adjacencies of
// hosts in the switch.
//
// It knows the numbers of VRFs, but not their routes: other rooms ask which
// neighbours have changed, and decide what that means.
package access
