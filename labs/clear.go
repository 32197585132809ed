package labs

import (
	"context"
	"errors"
	"fmt"

	"pseudowan/labs/look"
	"pseudowan/labs/store"
	"pseudowan/router"
	"pseudowan/status"
)

// ClearOptions say which BGP sessions Clear resets, and how.
type ClearOptions struct {
	Lab    string // "": the only one
	Router string // "": of every router
	VRF    string // "": of every VRF, and between routers
	Peer   string // an address, or the name of a node; "": all
	Soft   string // "": sessions end and begin anew; "in", "out" or "both": they stay
	By     string // who asks, for events; "": the user of this process
}

// ClearReport is what Clear has done.
type ClearReport struct {
	Lab     string   `json:"lab"`
	Cleared []string `json:"cleared"` // sessions, a line each
}

// Clear resets BGP sessions that are established. It is no change of the lab: the routes
// come back as they were, or stay.
func Clear(ctx context.Context, o ClearOptions) (ClearReport, error) {
	directions, known := map[string][]string{"": {""}, "in": {"in"}, "out": {"out"}, "both": {"in", "out"}}[o.Soft]
	if !known {
		return ClearReport{}, fmt.Errorf("soft %q is not in, out or both", o.Soft)
	}
	lab, err := look.Open(ctx, o.Lab)
	if err != nil {
		return ClearReport{}, err
	}
	report := ClearReport{Lab: lab.Name, Cleared: []string{}}
	sessions, err := lab.Sessions(ctx, look.Filter{Router: o.Router, Selection: status.Selection{VRF: o.VRF}}, o.Peer)
	if err != nil {
		return report, err
	}
	var errs []error
	for _, s := range sessions {
		if o.Peer == "" && s.State != status.SessionEstablished {
			continue // what is down is not reset
		}
		lines, err := clearSession(ctx, lab.Name, s, directions)
		report.Cleared, errs = append(report.Cleared, lines...), append(errs, o.failure(err))
	}
	if len(report.Cleared) > 0 {
		store.NoteCommand(lab.Name, o.By, o.String())
	}
	return report, errors.Join(errs...)
}

// failure returns err unless it is none: of all sessions, one that is not established any
// more has been reset at its other end, another router of the lab.
func (o ClearOptions) failure(err error) error {
	if o.Peer == "" && errors.Is(err, router.ErrNotEstablished) {
		return nil
	}
	return err
}

// String is the command that asks for it.
func (o ClearOptions) String() string {
	peer, soft := o.Peer, ""
	if peer == "" {
		peer = "all"
	}
	switch o.Soft {
	case "":
	case "both":
		soft = " soft"
	default:
		soft = " soft " + o.Soft
	}
	return "neighbor clear " + peer + soft
}

// clearSession resets one session in each direction, and says what was done.
func clearSession(ctx context.Context, lab string, s status.Peer, directions []string) (lines []string, err error) {
	c := router.NewClient(s.Router, store.AgentSocket(lab, s.Router))
	defer c.Close()
	for _, d := range directions {
		done, err := c.Clear(ctx, router.Clearing{VRF: s.VRF, Peer: s.RemoteAddress, Soft: d})
		if err != nil {
			return lines, fmt.Errorf("session with %s: %w", s.RemoteAddress, err)
		}
		lines = append(lines, fmt.Sprintf("router %s, peer %s: %s", s.Router, s.RemoteAddress, words(d, done)))
	}
	return lines, nil
}

func words(direction string, done router.Cleared) string {
	switch {
	case direction == "out":
		return "told all routes again"
	case direction == "in" && done.Refresh:
		return "asked for its routes again"
	case direction == "in":
		return "it cannot be asked for its routes: the import policy has decided again on what it has announced"
	}
	return "session reset"
}
