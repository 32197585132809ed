package injection

import (
	"fmt"
	"net/netip"
	"time"

	"pseudowan/bgp/inject"
	"pseudowan/bgp/vpn"
	"pseudowan/labs/inventory"
)

// Command is the subcommand of a speaker's process.
const Command = inventory.InjectorCommand

// Pattern is what happens to the routes.
type Pattern = inject.Pattern

// Progress is how far a speaker is.
type Progress = inject.Progress

// The states that a caller may wait for.
const (
	Announced = inject.Announced
	Withdrawn = inject.Withdrawn
)

// Routes says which routes are injected: generated ones, or those of a dump.
type Routes struct {
	Count      int        `json:"count,omitempty"` // generated ones, or the first of a dump; 0: all of a dump
	Seed       uint64     `json:"seed,omitempty"`
	MRT        string     `json:"mrt,omitempty"` // path of a dump; "": generated ones
	MRTPeer    netip.Addr `json:"mrt_peer,omitzero"`
	IPv4, IPv6 bool       // families; half of generated routes each, if both
}

// Options describe an injection.
type Options struct {
	Lab      string // "": the only one
	Router   string // "": the only one with the VRF
	VRF      string
	VPN      bool      // labelled VPN routes from a router of the core
	AS       uint32    // of the speaker; 0: see plan.InjectionRequest
	Label    vpn.Label // with VPN: of all routes, or of the first
	PerRoute bool      // with VPN: each route has a label of its own
	Routes   Routes
	Pattern
	Keep  bool // the speaker goes on when Run returns, once all routes are announced
	Force bool // even if memory will be short

	Step func(message string) // hears what is being done
	Said func(Event)          // hears how far the speaker is, often
}

// Event is what the process of a speaker says.
type Event struct {
	Prepared *Prepared `json:"prepared,omitempty"`
	Progress *Progress `json:"progress,omitempty"`
	Error    string    `json:"error,omitempty"` // it ends

	Heard time.Duration `json:"-"` // how long it took until the router had received all routes
}

// Prepared describes the routes before they are announced.
type Prepared struct {
	Routes     int    `json:"routes"`
	Attributes int    `json:"attributes"` // different sets of them
	LeftOut    string `json:"left_out,omitempty"`
}

// Report is what Run has done.
type Report struct {
	Lab, Router, VRF string
	Name             string // of the speaker
	Prepared
	Announced time.Duration // how long it took to send all routes, as far as the router's buffers
	Heard     time.Duration // until the router had received them; 0: it has not
	Withdrawn time.Duration // and to withdraw them; 0: not one by one
	Flaps     int
	Kept      bool
}

// job is what a speaker's process is told: first which routes, later where to.
type job struct {
	Routes  Routes         `json:"routes"`
	AS      uint32         `json:"as"` // that AS paths begin with; 0: none
	NotAS   []uint32       `json:"not_as"`
	Avoid   []netip.Prefix `json:"avoid"`
	Pattern Pattern        `json:"pattern"`
	Keep    bool           `json:"keep"`
}

// way is how a speaker reaches its router.
type way struct {
	Namespace string       `json:"namespace"`
	Sessions  []waySession `json:"sessions"`
}

type waySession struct {
	Local, Peer netip.Addr
	Config      inject.Config
}

// table makes the routes of a job.
func (r Routes) String() string {
	families := "IPv4"
	switch {
	case r.IPv4 && r.IPv6:
		families = "IPv4 and IPv6"
	case r.IPv6:
		families = "IPv6"
	}
	if r.MRT != "" {
		return families + " routes of " + r.MRT
	}
	return fmt.Sprintf("%d %s routes of seed %d", r.Count, families, r.Seed)
}
