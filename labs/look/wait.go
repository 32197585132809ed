package look

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"pseudowan/labs/store"
	"pseudowan/router"
	"pseudowan/status"
	"pseudowan/topology"
)

// Condition is what a lab can be waited for.
type Condition struct {
	text  string
	check func(context.Context, *Lab, Filter) (lacking []string, err error) // what is still missing
}

// String returns the condition as it was given.
func (c Condition) String() string { return c.text }

// Conditions lists the forms of conditions.
func Conditions() []string {
	return []string{"converged", "peer=ADDRESS[:STATE]", "route=VRF:PREFIX", "no-route=VRF:PREFIX", "neighbor=ADDRESS", "node=NAME[:STATE]"}
}

// ParseCondition reads a condition. The names in it are looked for later.
func ParseCondition(text string) (Condition, error) {
	kind, of, given := strings.Cut(text, "=")
	c := Condition{text: text}
	switch {
	case kind == "converged" && !given:
		c.check = converged
		return c, nil
	case !given || of == "":
	case kind == "peer":
		return c, c.peer(of)
	case kind == "neighbor":
		a, err := netip.ParseAddr(of)
		if err != nil {
			return c, fmt.Errorf("%s: %q is not an IP address", text, of)
		}
		c.check = neighborKnown(a)
		return c, nil
	case kind == "route", kind == "no-route":
		if len(routesIn(of)) == 0 {
			return c, fmt.Errorf("%s: give a VRF and a prefix with its length, as %s=red:10.1.0.0/24", text, kind)
		}
		c.check = routeState(of, kind == "route")
		return c, nil
	case kind == "node":
		name, state, ok := strings.Cut(of, ":")
		if !ok {
			state = string(status.NodeRunning)
		}
		c.check = nodeState(name, status.NodeState(state))
		return c, nil
	}
	return c, fmt.Errorf("%q is no condition; give one of %s", text, strings.Join(Conditions(), ", "))
}

// sessionStates are the states of RFC 4271 section 8.2.2.
var sessionStates = []string{"idle", "connect", "active", "opensent", "openconfirm", "established"}

// peer reads ADDRESS[:STATE]; IPv6 addresses have colons, too.
func (c *Condition) peer(of string) error {
	state := "established"
	if i := strings.LastIndex(of, ":"); i >= 0 && slices.Contains(sessionStates, of[i+1:]) {
		of, state = of[:i], of[i+1:]
	}
	if _, err := netip.ParseAddr(of); err != nil {
		return fmt.Errorf("%s: %q is not an IP address, perhaps with one of the states %s", c.text, of, strings.Join(sessionStates, ", "))
	}
	c.check = peerState(of, status.SessionState(state))
	return nil
}

// WaitOptions say what is waited for. Conditions hold one after the other; the last look
// sees all of them.
type WaitOptions struct {
	Lab    string // "": the only one
	Router string // only this router; "": all
	For    []Condition
	Step   func(message string)
}

// waitPause is the time between two looks.
const waitPause = 100 * time.Millisecond

// LateError is what a lab still lacked when the time was over.
type LateError struct {
	Lab     string
	Lacking []string
}

func (e *LateError) Error() string {
	return fmt.Sprintf("lab %s: waited in vain:\n  %s", e.Lab, strings.Join(e.Lacking, "\n  "))
}

// ErrLate is the cause of a context whose time for Wait is over.
var ErrLate = errors.New("the time to wait is over")

// Wait returns once all conditions hold at the same time. If the cause of ctx's end is
// ErrLate, the error is a LateError.
func Wait(ctx context.Context, o WaitOptions) (lab string, err error) {
	lab, err = pick(ctx, o.Lab)
	if err != nil {
		return "", err
	}
	var lacking []string // at the last look that was not cut short
	for {
		l, err := Open(ctx, lab)
		if err != nil {
			return lab, err
		}
		if o.Router != "" && !slices.Contains(l.routers, o.Router) {
			return lab, l.noRouter(o.Router)
		}
		now, err := l.lacking(ctx, o)
		switch {
		case ctx.Err() != nil && len(lacking) > 0:
		case err != nil && ctx.Err() == nil:
			return lab, err
		case len(now) == 0 && err == nil:
			return lab, nil
		default:
			lacking = now
			o.Step("waiting: " + now[0])
		}
		select {
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), ErrLate) {
				return lab, &LateError{lab, lacking}
			}
			return lab, context.Cause(ctx)
		case <-time.After(waitPause):
		}
	}
}

// lacking returns what the conditions still miss.
func (l *Lab) lacking(ctx context.Context, o WaitOptions) (all []string, err error) {
	for _, c := range o.For {
		missing, err := c.check(ctx, l, Filter{Router: o.Router})
		if err != nil {
			return append(all, c.text), err
		}
		for _, m := range missing {
			all = append(all, c.text+": "+m)
		}
	}
	return all, nil
}

// converged asks the routers what they lack.
func converged(ctx context.Context, l *Lab, f Filter) (all []string, _ error) {
	var mu sync.Mutex
	var each sync.WaitGroup
	for _, name := range l.routers {
		if f.Router != "" && name != f.Router {
			continue
		}
		each.Go(func() {
			c := router.NewClient(name, store.AgentSocket(l.Name, name))
			defer c.Close()
			ctx, cancel := context.WithTimeout(ctx, answerPatience)
			defer cancel()
			state, err := c.Converged(ctx, waitPause)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				state.Missing = []string{err.Error()}
			}
			all = append(all, state.Missing...)
		})
	}
	each.Wait()
	slices.Sort(all)
	return all, nil
}

func peerState(address string, state status.SessionState) func(context.Context, *Lab, Filter) ([]string, error) {
	return func(ctx context.Context, l *Lab, f Filter) ([]string, error) {
		rows, err := l.Peers(ctx, f)
		found, here := false, []string{}
		for _, p := range rows {
			if p.RemoteAddress.WithZone("").String() != spelled(address) && p.RemoteAddress.String() != address {
				continue
			}
			found = true
			if p.State != state {
				here = append(here, fmt.Sprintf("at router %s it is %s", p.Router, p.State))
			}
		}
		switch {
		case found:
			return here, nil
		case err != nil:
			return []string{err.Error()}, nil // an agent may be starting
		}
		return []string{"no router has such a session"}, nil
	}
}

func neighborKnown(a netip.Addr) func(context.Context, *Lab, Filter) ([]string, error) {
	return func(ctx context.Context, l *Lab, f Filter) ([]string, error) {
		rows, _ := l.Neighbors(ctx, f) // an agent may be starting
		if slices.ContainsFunc(rows, func(n status.Neighbor) bool { return n.Address == a && n.MAC != "" }) {
			return nil, nil
		}
		return []string{"no router knows its MAC address"}, nil
	}
}

func nodeState(name string, want status.NodeState) func(context.Context, *Lab, Filter) ([]string, error) {
	return func(ctx context.Context, l *Lab, _ Filter) ([]string, error) {
		rows, err := Nodes(ctx, l.Name)
		var known []string
		for _, n := range rows {
			switch {
			case n.Node == name && n.State == want:
				return nil, nil
			case n.Node == name:
				return []string{"it is " + string(n.State)}, nil
			}
			known = append(known, n.Node)
		}
		if err != nil {
			return []string{err.Error()}, nil
		}
		msg := fmt.Sprintf("lab %s has no node %s", l.Name, name)
		if n := topology.Nearest(name, known); n != "" {
			msg += "; did you mean " + n + "?"
		}
		return nil, status.NotFound(msg)
	}
}

// vrfRoute is a way to read VRF:PREFIX. Route distinguishers and IPv6 prefixes have colons,
// too, so that there may be several.
type vrfRoute struct {
	vrf    string
	prefix netip.Prefix
}

func routesIn(text string) (all []vrfRoute) {
	for i, c := range text {
		if c != ':' || i == 0 {
			continue
		}
		if p, err := netip.ParsePrefix(text[i+1:]); err == nil {
			all = append(all, vrfRoute{text[:i], p.Masked()})
		}
	}
	return all
}

// routeState waits until every VRF of that name, or with that RD, has a usable best route
// to a prefix, or has none.
func routeState(text string, there bool) func(context.Context, *Lab, Filter) ([]string, error) {
	return func(ctx context.Context, l *Lab, f Filter) (lacking []string, err error) {
		r := routesIn(text)[0]
		for _, way := range routesIn(text) {
			if unknownVRF(l.Name, l.applied, Filter{Selection: status.Selection{VRF: way.vrf}}) == nil {
				r = way
				break
			}
		}
		f.VRF = r.vrf
		if err := unknownVRF(l.Name, l.applied, f); err != nil {
			return nil, err
		}
		rows, err := l.VRFs(ctx, f)
		if err != nil {
			return []string{err.Error()}, nil // an agent may be starting
		}
		for _, v := range rows {
			has := slices.ContainsFunc(v.Routes, func(x status.Route) bool { return x.Prefix == r.prefix && x.Best && x.Unusable == "" })
			switch {
			case has && !there:
				lacking = append(lacking, fmt.Sprintf("VRF %s of router %s still has the route", v.VRF, v.Router))
			case !has && there:
				lacking = append(lacking, fmt.Sprintf("VRF %s of router %s has no such route", v.VRF, v.Router))
			}
		}
		return lacking, nil
	}
}
