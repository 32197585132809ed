// Package ce speaks BGP with the routers of customers (CEs). Each CE has a BGP
// speaker of its own, whose TCP lives in a namespace behind a port of the
// switch: CEs may have the same addresses and AS numbers.
//
// Speakers starts and stops them, beside the router's loop; Table, which the
// loop owns, enters into the VRFs what CEs announce, and tells them the best
// routes of their VRF.
package ce
