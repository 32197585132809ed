package status

import "net/netip"

// LSPTest is what MPLS echo says of a label-switched path (RFC 8029).
type LSPTest struct {
	Router   string    `json:"router"`   // that sends the requests
	FECs     []string  `json:"fecs"`     // that are tested, that of the outermost label first; routes of VPNs as RD:prefix
	Labels   []uint32  `json:"labels"`   // with which the requests leave, the outermost first
	Sent     int       `json:"sent"`     // requests
	Answered int       `json:"answered"` // requests
	Arrived  bool      `json:"arrived"`  // the end of the path has answered
	Answers  []LSPEcho `json:"answers"`  // one for each request
}

// LSPEcho is the answer to one request of MPLS echo.
type LSPEcho struct {
	TTL      int        `json:"ttl"`        // of the labels of the request
	Router   string     `json:"router"`     // that answers; "" if nobody does, or none of the lab
	Address  netip.Addr `json:"address"`    // of that router; "" if nobody answers
	Code     int        `json:"code"`       // return code (RFC 8029 section 3.1)
	Meaning  string     `json:"meaning"`    // of the code; "" if nobody answers
	Depth    int        `json:"depth"`      // of the label that it is about, 1 is the bottom of the stack
	InLabels []uint32   `json:"in_labels"`  // with which the request came to the router, the outermost first
	NextHop  netip.Addr `json:"next_hop"`   // to which the router sends packets of the path; "" at its end, or if it is not told
	Out      []uint32   `json:"out_labels"` // with which they leave; 3: without that label
	MTU      int        `json:"mtu"`        // longest packet with its labels that fits, in octets; 0 if it is not told
	Millis   float64    `json:"millis"`     // until the answer
}
