package status

import "net/netip"

// Measurement is what echo requests from a host to an address have seen.
type Measurement struct {
	From     string     `json:"from"`
	To       string     `json:"to"` // as asked for: a host, a site outside or an address
	Address  netip.Addr `json:"address"`
	Every    float64    `json:"every_ms"`  // between two requests
	Command  string     `json:"command"`   // that was run meanwhile; "" for none
	Took     float64    `json:"took_ms"`   // the command
	Sent     int        `json:"sent"`      // requests; with a command, since it began
	Answered int        `json:"answered"`  // of these
	Lost     int        `json:"lost"`      // the others
	Outage   float64    `json:"outage_ms"` // the longest time without answers; 0 for none
	Back     bool       `json:"back"`      // answers came at the end
	Outages  []Outage   `json:"outages"`
	Errors   []Heard    `json:"errors"` // what routers and hosts said about requests
}

// Outage is a time without answers.
type Outage struct {
	At     float64 `json:"at_ms"` // from the start, or the command's
	Length float64 `json:"length_ms"`
	Lost   int     `json:"lost"` // requests
}

// Heard is an error about requests, and how often it came.
type Heard struct {
	What  string `json:"what"`
	Count int    `json:"count"`
}
