package collector

import "pseudowan/status"

type (
	// Router is a row of the table of routers.
	Router = status.CollectedRouter
	// Peer is a row of the table of peers.
	Peer = status.CollectedPeer
	// Route is a row of the table of routes.
	Route = status.CollectedRoute
)

// Codes of connections that have ended without a Termination message.
const (
	CodeError  = 65534 // the router has sent what cannot be read
	CodeClosed = 65535 // the connection has ended
)

// routeKey tells the routes of a peer apart.
type routeKey struct {
	rib                status.CollectedRIB
	family, rd, prefix string
	pathID             uint32
}

func keyOfRoute(r Route) routeKey { return routeKey{r.RIB, r.Family, r.RD, r.Prefix, r.PathID} }
