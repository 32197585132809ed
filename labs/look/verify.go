package look

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pseudowan/labs/inventory"
	"pseudowan/status"
	"pseudowan/topology"
	"pseudowan/trace"
	"pseudowan/verify"
)

// VerifyOptions select the part of a lab to verify.
type VerifyOptions struct {
	Lab      string // "": the only one
	Topology string // a file or a ready lab that says what should be; "": as applied
	From, To string // only pairs of these hosts

	// Together, unless nil, verifies one site of a lab while others verify theirs: the
	// hosts of all answer each other. Without it, only pairs of hosts at the site are
	// tested.
	Together *Together
	Timeout  time.Duration
	Step     func(message string) // hears what is being done, in short phrases

	// EveryPacket sends all packets in a large lab, too, instead of a few of those that
	// hosts and switches do not tell apart.
	EveryPacket bool
}

// Verify sends packets between all hosts of a lab and compares what arrives with the
// topology. The rows name every difference with its likely cause. It is an error if
// nothing can be tested.
func Verify(ctx context.Context, o VerifyOptions) ([]status.HostPair, error) {
	in, err := inspect(ctx, o.Lab, o.Topology)
	if err != nil {
		return nil, err
	}
	if err := in.testable(o); err != nil {
		return nil, err
	}
	for _, what := range missingControl(ctx, in.lab.Name) {
		o.Step(what)
	}
	o.Step("opening the hosts")
	sender, err := in.open(o.Together)
	if err != nil {
		return nil, err
	}
	defer sender.Close()
	in.port = sender.Port()
	p := prober{hosts: sender, in: in}
	deaf, err := p.deaf(ctx)
	if err != nil {
		return nil, err
	}
	if o.Together != nil {
		if err := o.Together.Ready(ctx); err != nil {
			return nil, err
		}
	}
	pairs, untested := in.pairs(o, deaf)
	lines, err := in.lines(ctx, p, o)
	if err != nil {
		return nil, err
	}
	if len(pairs)+len(untested)+len(lines) == 0 && o.Together == nil {
		return nil, in.nothingToTest()
	}
	found, err := verify.Observe(ctx, pairs, p, in.observing(o))
	if err != nil {
		return nil, err
	}
	rows := verify.Judge(in.topology, pairs, found)
	if o.Together != nil {
		if err := o.Together.Done(ctx); err != nil {
			return nil, err
		}
		rows = append(rows, in.leaks(sender.Arrived())...)
	}
	if err := in.findCauses(ctx, pairs, rows, o.Step); err != nil {
		return nil, err
	}
	return slices.Concat(rows, lines, untested), nil
}

// observing returns how the pairs are tested. Of a lab that should be another than the
// applied one, no packet stands for others: which do, follows from what was applied.
func (in *inspection) observing(o VerifyOptions) verify.Options {
	how := verify.Options{Timeout: o.Timeout, Step: o.Step, Few: fewPackets}
	if !o.EveryPacket && o.Topology == "" {
		how.Alike = in.alike
	}
	return how
}

// testable returns an error if a selected host, or every host, cannot be tested.
func (in *inspection) testable(o VerifyOptions) error {
	if _, outside := in.outside(o.From); outside {
		return fmt.Errorf("%s is outside lab %s: nothing can be sent from there", o.From, in.lab.Name)
	}
	for _, name := range []string{o.From, o.To} {
		if _, outside := in.outside(name); outside || name == "" {
			continue
		}
		if err := in.needHost(name); err != nil {
			return err
		}
	}
	if len(in.hosts) > 0 || o.Together != nil { // all sites tell together that they have none
		return nil
	}
	if err := in.unseen.Err(); err != nil {
		return err
	}
	return noPairError{fmt.Errorf("no host of %s is running in lab %s: nothing can be tested", cmp.Or(o.Topology, "its topology"), in.lab.Name)}
}

// outside returns the site outside the lab with a name.
func (in *inspection) outside(name string) (topology.Outside, bool) {
	i := slices.IndexFunc(in.topology.Outside, func(o topology.Outside) bool { return o.Name == name })
	if i < 0 {
		return topology.Outside{}, false
	}
	return in.topology.Outside[i], true
}

// isForeign reports whether a site outside the lab has an address, or nobody in the
// topology: it may be one that a host gives to others.
func (in *inspection) isForeign(a netip.Addr) bool {
	if slices.ContainsFunc(in.topology.Outside, func(o topology.Outside) bool { return slices.Contains(o.Addresses, a) }) {
		return true
	}
	is := func(p netip.Prefix) bool { return p.Addr() == a }
	for _, h := range in.topology.Hosts {
		if slices.Contains(verify.AddressesOf(h), a) {
			return false
		}
	}
	for _, at := range in.topology.AtAllRouters() {
		if slices.ContainsFunc(at.Gateways, is) {
			return false
		}
	}
	return true
}

// nothingToTest returns the error about a lab that has no selected pair.
func (in *inspection) nothingToTest() error {
	nic := slices.ContainsFunc(in.topology.Links, func(l topology.Link) bool { return l.NIC != "" })
	if nic && len(in.topology.Outside) == 0 {
		return noPairError{fmt.Errorf("lab %s has no such pair of hosts: nothing can be tested; describe what is behind its NIC with outside: in its file", in.lab.Name)}
	}
	return noPairError{fmt.Errorf("lab %s has no such pair of hosts: nothing can be tested", in.lab.Name)}
}

// noPairError is the reason why a lab has nothing that packets could test.
type noPairError struct{ error }

// missingControl lists the lab's own processes that do not run. Without them, packets
// may still pass for a while.
func missingControl(ctx context.Context, lab string) (missing []string) {
	if pid := inventory.FindProcesses().Keeper(lab); pid == 0 || inventory.Stopped(pid) {
		missing = append(missing, "the keeper of lab "+lab+" is not running")
	}
	nodes, err := Nodes(ctx, lab)
	if err != nil {
		return missing // testing the hosts reports why
	}
	for _, n := range nodes {
		if n.Kind == status.Router && n.State != status.NodeRunning {
			missing = append(missing, fmt.Sprintf("router %s: %s", n.Node, n.State))
		}
	}
	return missing
}

// pairs returns the intended matrix, and rows for the pairs that cannot be tested.
func (in *inspection) pairs(o VerifyOptions, deaf map[string]string) (pairs []verify.Pair, untested []status.HostPair) {
	in.matrix = verify.Matrix(in.topology, o.From, o.To)
	for _, p := range in.matrix {
		if in.isFar(p.From, p.To, o.Together) {
			continue
		}
		why := in.untestable(p, deaf)
		if why == "" {
			pairs = append(pairs, p)
			continue
		}
		untested = append(untested, status.HostPair{
			From: p.From, To: p.To, Expected: p.Expected(), Result: status.Untested, Via: []string{},
			Differences: []status.Difference{{
				Seen: "not tested", Cause: why,
			}},
		})
	}
	return pairs, untested
}

// untestable returns why a pair cannot be tested; "" if it can.
func (in *inspection) untestable(p verify.Pair, deaf map[string]string) string {
	ends := []string{p.From, p.To}
	if gone := slices.DeleteFunc(slices.Clone(ends), func(h string) bool { return !slices.Contains(in.missing, h) }); len(gone) > 0 {
		if in.unseen.Has(gone[0]) {
			return in.unseen.OfHost(gone[0]).Error()
		}
		if len(gone) > 1 {
			return "hosts " + strings.Join(gone, " and ") + " are not running; `pseudowan up` starts them"
		}
		return "host " + gone[0] + " is not running; `pseudowan up` starts it"
	}
	for _, h := range ends {
		if why := deaf[h]; why != "" {
			return why
		}
	}
	return ""
}

// maxCauses limits the differences whose cause is looked for: a lab whose core fails
// has a difference for each pair, and one cause.
const maxCauses = 64

// findCauses finds the causes of the differences.
func (in *inspection) findCauses(ctx context.Context, pairs []verify.Pair, rows []status.HostPair, step func(string)) error {
	different := slices.ContainsFunc(rows, func(r status.HostPair) bool { return len(r.Differences) > 0 })
	if !different {
		return nil
	}
	step("looking for causes")
	s, err := in.snapshot(ctx)
	if err != nil {
		return err
	}
	c := causes{in: in, snapshot: s, pairs: pairs, known: map[string]string{}}
	for i := range rows {
		for j := range rows[i].Differences {
			d := &rows[i].Differences[j]
			if d.Cause != "" || !d.Destination.IsValid() || slices.Contains(in.far, rows[i].To) {
				continue
			}
			if d.Cause, err = c.of(ctx, rows[i], *d); err != nil {
				return err
			}
		}
	}
	return nil
}

// causes finds causes and caches them.
type causes struct {
	in       *inspection
	snapshot *trace.Snapshot
	pairs    []verify.Pair
	known    map[string]string // by pair and address
}

func (c causes) of(ctx context.Context, row status.HostPair, d status.Difference) (string, error) {
	key := row.From + " " + row.To + " " + d.Destination.String()
	if cause, ok := c.known[key]; ok || len(c.known) >= maxCauses {
		return cause, nil
	}
	var cause string
	var err error
	r, intended := c.intended(row, d.Destination)
	switch site, outside := c.in.outside(row.To); {
	case intended && outside:
		cause, err = trace.OutsideCause(ctx, c.snapshot, c.in, r, site)
	case intended:
		cause, err = trace.Cause(ctx, c.snapshot, c.in, r)
	default:
		cause, err = trace.Leak(ctx, c.snapshot, c.in, row.From, row.To, d.Destination)
	}
	c.known[key] = cause
	return cause, err
}

// intended returns what the topology says about an address that should be reached.
func (c causes) intended(row status.HostPair, a netip.Addr) (topology.Reach, bool) {
	for _, p := range c.pairs {
		for _, r := range p.Reach {
			if r.From == row.From && r.To == row.To && r.Destination == a {
				return r, true
			}
		}
	}
	return topology.Reach{}, false
}
