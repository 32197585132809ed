package pod

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"pseudowan/hosts"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
)

// resolving is how long one look for the address of a pod may take.
const resolving = 2 * time.Second

// followPods aims the tunnels at the other sites' pods, wherever they are.
func (s *site) followPods(ctx context.Context) {
	known := map[string]netip.Addr{}
	var plans planned
	said := ""
	for first := true; first || sleep(ctx, look); first = false {
		lab := s.running()
		if lab == "" {
			continue
		}
		segments := plans.tunnelled(lab)
		s.resolve(ctx, segments, known)
		err := s.aim(ctx, lab, segments, known)
		if err == nil {
			said = ""
		} else if ctx.Err() == nil && err.Error() != said {
			said = err.Error()
			s.Log.Error("the tunnels do not lead where they should; trying again", "error", err)
		}
	}
}

// planned is what the lab's plans say, read again only when they have changed: they may
// be large, and are looked at every second.
type planned struct {
	version  string
	segments []plan.Segment
}

// tunnelled lists the segments with tunnels that the lab has, or is getting.
func (k *planned) tunnelled(lab string) []plan.Segment {
	version := store.Version(lab) // before they are read: what comes later is another one
	if version == k.version {
		return k.segments
	}
	applied, cut, _ := store.Before(lab)
	var out []plan.Segment
	for _, p := range append(cut, applied) {
		for _, segment := range p.Segments {
			is := func(o plan.Segment) bool { return o.Tunnel.Name == segment.Tunnel.Name }
			if segment.Tunnel != nil && !slices.ContainsFunc(out, is) {
				out = append(out, segment)
			}
		}
	}
	k.version, k.segments = version, out
	return out
}

// resolve finds the addresses of the other sites' pods. Where none can be found, as with
// a name server away, the last one stays.
func (s *site) resolve(ctx context.Context, segments []plan.Segment, known map[string]netip.Addr) {
	ctx, cancel := context.WithTimeout(ctx, resolving)
	defer cancel()
	asked := map[string]bool{}
	for _, segment := range segments {
		for _, name := range segment.Tunnel.Sites {
			if asked[name] {
				continue
			}
			asked[name] = true
			found, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", strings.ReplaceAll(s.Peer, "%s", name))
			if err != nil || len(found) == 0 {
				continue
			}
			if now := found[0].Unmap(); known[name] != now {
				s.Log.Info("found a site", "site", name, "address", now.String())
				known[name] = now
			}
		}
	}
}

// aim makes tunnels lead to the sites that are known, and frames welcome from these only.
func (s *site) aim(ctx context.Context, lab string, segments []plan.Segment, known map[string]netip.Addr) error {
	if err := s.accept(ctx, segments, known); err != nil {
		return err
	}
	for _, segment := range segments {
		remotes, err := remotesOf(segment.Tunnel, known)
		if err != nil {
			return err
		}
		namespace := hosts.Namespace{Name: plan.LabNamespace(lab)}
		if _, err := hosts.AimTunnel(namespace.Path(), segment.Tunnel.Name, remotes); err != nil && !errors.Is(err, hosts.ErrNoTunnel) {
			return err
		}
	}
	return nil
}

// remotesOf returns where a tunnel sends what.
func remotesOf(t *plan.Tunnel, known map[string]netip.Addr) ([]hosts.Remote, error) {
	var out []hosts.Remote
	for _, name := range t.Sites {
		if a, ok := known[name]; ok {
			out = append(out, hosts.Remote{Address: a})
		}
	}
	if len(t.Sites) == 1 { // everything goes there anyway
		return out, nil
	}
	for _, station := range t.Stations {
		a, ok := known[station.Site]
		if !ok {
			continue
		}
		mac, err := net.ParseMAC(station.MAC)
		if err != nil {
			return nil, fmt.Errorf("tunnel %s: %w", t.Alias, err)
		}
		out = append(out, hosts.Remote{MAC: mac, Address: a})
	}
	return out, nil
}

// closed accepts frames from nobody.
func (s *site) closed(ctx context.Context) error { return s.accept(ctx, nil, nil) }

// accept accepts the frames of each tunnel from the pods at its other ends, and no
// others: a VXLAN device takes them from whoever sends the right VNI.
func (s *site) accept(ctx context.Context, segments []plan.Segment, known map[string]netip.Addr) error {
	rules := rulesOf(segments, known)
	if rules == s.rules {
		return nil
	}
	if err := hosts.Nft(ctx, "/proc/self/ns/net", rules); err != nil {
		return fmt.Errorf("accept frames from the other sites only: %w", err)
	}
	s.rules = rules
	return nil
}

// rulesOf writes the rules of accept.
func rulesOf(segments []plan.Segment, known map[string]netip.Addr) string {
	var b strings.Builder
	b.WriteString("table inet pseudowan-sites\ndelete table inet pseudowan-sites\ntable inet pseudowan-sites {\n\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n")
	for _, segment := range segments {
		var from []string
		for _, name := range segment.Tunnel.Sites {
			if a, ok := known[name]; ok {
				from = append(from, a.String())
			}
		}
		if len(from) > 0 {
			slices.Sort(from)
			// The VNI follows 8 octets of UDP and 4 of VXLAN (RFC 7348 section 5).
			fmt.Fprintf(&b, "\t\tudp dport %d @th,96,24 %#x ip saddr { %s } accept\n", hosts.TunnelPort, segment.Tunnel.VNI, strings.Join(slices.Compact(from), ", "))
		}
	}
	fmt.Fprintf(&b, "\t\tudp dport %d drop\n\t}\n}\n", hosts.TunnelPort)
	return b.String()
}
