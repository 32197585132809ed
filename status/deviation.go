package status

// Deviation is one thing of a running lab that `pseudowan audit` has found to be other
// than it should be.
type Deviation struct {
	Node   string `json:"node"`   // a router or a host; "" for the lab
	Check  Check  `json:"check"`  // what was compared: process, intent, label, vrf, flow, port, wire, mtu, offload, mac, neighbor or packet
	Object string `json:"object"` // a route with its VRF, a label, a port, a peer
	Detail string `json:"detail"` // how it differs
}

// Check is what an audit compares.
type Check string

// The checks of an audit.
const (
	CheckProcess  Check = "process"  // nodes run, and agents answer
	CheckIntent   Check = "intent"   // sessions, routes and hosts that the topology demands are there
	CheckLabel    Check = "label"    // a label that is pushed is one that the next hop has assigned for the prefix
	CheckVRF      Check = "vrf"      // routes of VRFs are in the speaker's table, and have flows
	CheckFlow     Check = "flow"     // the switch has the router's flows, and no others
	CheckPort     Check = "port"     // ports of the switch work, and nothing else is a port
	CheckWire     Check = "wire"     // interfaces of wires are there and up
	CheckMTU      Check = "mtu"      // with the planned MTU
	CheckOffload  Check = "offload"  // without checksum offload
	CheckMAC      Check = "mac"      // with the planned MAC address
	CheckNeighbor Check = "neighbor" // routers know the MAC addresses that neighbours have
	CheckPacket   Check = "packet"   // packets arrive where they should, and nowhere else
)
