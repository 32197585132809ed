package plan

import (
	"fmt"

	"pseudowan/router/config"
	"pseudowan/topology"
)

// customerInterface is the router's end of a customer's BGP sessions, in its
// namespace.
const customerInterface = "eth0"

// customer plans the router's side of the BGP sessions on an attachment: a
// namespace of its own for their TCP, and the wire between it and the bridge.
func (b *planner) customer(end string, awaited bool, a topology.Attachment, access config.Access) *config.CE {
	if a.BGP == nil {
		return nil
	}
	// Neither a node nor a link can have these names.
	node := a.Router + "+" + access.Name
	end += "/bgp"
	port := b.hostPort(a.Router, end)
	c := &config.CE{
		Namespace: NodeNamespace(b.topology.Name, node), Interface: customerInterface,
		Port: port, Name: fmt.Sprintf("ovs-bgp%d", port),
		Awaited: awaited, BGP: *a.BGP,
	}
	b.plan.Wires = append(b.plan.Wires, Wire{
		A: End{Node: a.Router, Interface: c.Name, MTU: a.MTU, Alias: a.Router + ":" + end,
			MAC: derivedMAC(b.topology.Name, a.Router, end).String()},
		B: End{Node: node, Interface: c.Interface, MTU: a.MTU, MAC: access.MAC, Alias: node + ":" + c.Interface},
	})
	return c
}
