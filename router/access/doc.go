// Package access is a router's side towards the hosts of customers: its access
// ports, who answers on them, what the router itself says there, and the
// adjacencies of hosts in the switch.
//
// It knows the numbers of VRFs but nothing of their routes: others ask which
// neighbours have changed, and decide what that means.
package access
