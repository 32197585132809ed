// Package ce speaks BGP with the routers of customers (CEs). Each CE has its own BGP
// speaker, whose TCP runs in a namespace behind a port of the switch, because CEs may
// have the same addresses and AS numbers.
//
// Speakers starts and stops the speakers outside the router's loop. Table, which the
// loop owns, enters into the VRFs what CEs announce, and announces to them the best
// routes of their VRF.
package ce
