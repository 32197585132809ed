package hosts

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// tunnelEnd is one end of a tunnel: a network that carries it, the lab's namespace with
// the segment, and a host there.
type tunnelEnd struct {
	pod, lab, host Namespace
	address        string // of the pod
}

func newTunnelEnd(t *testing.T, number int) tunnelEnd {
	t.Helper()
	e := tunnelEnd{newNamespace(t, KindLab), newNamespace(t, KindLab), newHost(t), fmt.Sprintf("10.99.0.%d", number)}
	_, err := EnsureSegment(context.Background(), Segment{Namespace: e.lab.Path(), Name: "s-lan", Alias: "a:lan", MTU: 1400, Wires: []Wire{{
		A: WireEnd{Namespace: e.lab.Path(), Name: "p-1", Alias: "h:eth0@lan"}, B: WireEnd{Namespace: e.host.Path(), Name: "eth0", Alias: "h:eth0", MTU: 1400},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, e.host, "ip", "addr", "add", fmt.Sprintf("10.1.0.%d/24", number), "dev", "eth0")
	return e
}

// ensure makes the end's tunnel as a process in the pod does.
func (e tunnelEnd) ensure(vni uint32) (changed bool, err error) {
	failed := doIn(e.pod.Path(), func() error {
		changed, err = EnsureTunnel(Tunnel{
			Namespace: e.lab.Path(), Bridge: "s-lan", Name: "vx-1", Alias: "a:lan tunnel", VNI: vni, Local: netip.MustParseAddr(e.address), MTU: 1400,
		})
		return nil
	})
	return changed, errors.Join(failed, err)
}

// tunnelEnds connects the networks of two ends, and makes both ends of a tunnel.
func tunnelEnds(t *testing.T) (a, b tunnelEnd) {
	t.Helper()
	needRoot(t)
	a, b = newTunnelEnd(t, 1), newTunnelEnd(t, 2)
	_, err := EnsureWires(context.Background(), []Wire{{
		A: WireEnd{Namespace: a.pod.Path(), Name: "eth0", Alias: "pod:a"}, B: WireEnd{Namespace: b.pod.Path(), Name: "eth0", Alias: "pod:b"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []tunnelEnd{a, b} {
		mustRun(t, e.pod, "ip", "addr", "add", e.address+"/24", "dev", "eth0")
		if changed, err := e.ensure(77); err != nil || !changed {
			t.Fatalf("a new tunnel: changed %t, %v", changed, err)
		}
	}
	return a, b
}

func (e tunnelEnd) aim(t *testing.T, remotes ...Remote) bool {
	t.Helper()
	changed, err := AimTunnel(e.lab.Path(), "vx-1", remotes)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func toward(e tunnelEnd) Remote { return Remote{Address: netip.MustParseAddr(e.address)} }

// A tunnel carries frames to where it is aimed, and nowhere else, full-sized ones too.
func TestRealTunnel(t *testing.T) {
	a, b := tunnelEnds(t)
	if out, err := run(t, a.host, "ping", "-c", "1", "-W", "0.3", "10.1.0.2"); err == nil {
		t.Errorf("a tunnel that is aimed at nothing carries packets:\n%s", out)
	}
	if !a.aim(t, toward(b)) || !b.aim(t, toward(a)) || a.aim(t, toward(b)) {
		t.Error("aiming says that it changes what it does not, or the other way round")
	}
	mustRun(t, a.host, "ping", "-c", "1", "-W", "2", "-M", "do", "-s", "1372", "10.1.0.2")
	if changed, err := a.ensure(77); err != nil || changed {
		t.Errorf("the same tunnel again: changed %t, %v", changed, err)
	}
	mustRun(t, a.host, "ping", "-c", "1", "-W", "2", "10.1.0.2")

	// A station has moved away: frames for it alone go elsewhere.
	mac := link(t, b.host, "eth0").Attrs().HardwareAddr
	a.aim(t, toward(b), Remote{MAC: mac, Address: netip.MustParseAddr("10.99.0.3")})
	if out, err := run(t, a.host, "ping", "-c", "1", "-W", "0.3", "10.1.0.2"); err == nil {
		t.Errorf("frames for a station that is elsewhere still come:\n%s", out)
	}
	a.aim(t, toward(b), Remote{MAC: mac, Address: netip.MustParseAddr(b.address)})
	mustRun(t, a.host, "ping", "-c", "1", "-W", "2", "10.1.0.2")
	if fdb := mustRun(t, a.lab, "bridge", "fdb", "show", "dev", "vx-1"); strings.Contains(fdb, "10.99.0.3") {
		t.Errorf("the old place of the station is still there:\n%s", fdb)
	}
}

// A tunnel with another VNI takes the place of the old one; what a killed process has
// left is no hindrance, what somebody else made is.
func TestRealTunnelReplaced(t *testing.T) {
	a, b := tunnelEnds(t)
	a.aim(t, toward(b))
	b.aim(t, toward(a))
	for _, e := range []tunnelEnd{a, b} {
		if changed, err := e.ensure(78); err != nil || !changed {
			t.Fatalf("another VNI: changed %t, %v", changed, err)
		}
	}
	a.aim(t, toward(b))
	b.aim(t, toward(a))
	mustRun(t, a.host, "ping", "-c", "1", "-W", "2", "10.1.0.2")

	mustRun(t, a.lab, "ip", "link", "set", "vx-1", "nomaster")
	mustRun(t, a.lab, "ip", "link", "set", "vx-1", "alias", "")
	if changed, err := a.ensure(78); err != nil || !changed {
		t.Errorf("half a tunnel: changed %t, %v", changed, err)
	}
	mustRun(t, a.host, "ping", "-c", "1", "-W", "2", "10.1.0.2")

	mustRun(t, a.lab, "ip", "link", "set", "vx-1", "alias", "somebody's")
	if _, err := a.ensure(79); !errors.Is(err, ErrForeign) {
		t.Errorf("somebody else's device: %v", err)
	}
	mustRun(t, a.lab, "ip", "link", "set", "vx-1", "alias", "pseudowan a:lan tunnel")
	if err := RemoveOtherTunnels(a.lab.Path(), map[string]bool{"vx-1": true}); err != nil || link(t, a.lab, "vx-1") == nil || !HasTunnels(a.lab) || HasTunnels(a.pod) {
		t.Errorf("a tunnel to keep: %v", err)
	}
	if err := RemoveOtherTunnels(a.lab.Path(), nil); err != nil || link(t, a.lab, "vx-1") != nil || HasTunnels(a.lab) {
		t.Errorf("a tunnel to remove is still there: %v", err)
	}
}

// The network between sites is that of the default route.
func TestRealUnderlay(t *testing.T) {
	a, _ := tunnelEnds(t)
	find := func() (u Underlay, err error) {
		failed := doIn(a.pod.Path(), func() error { u, err = FindUnderlay(); return nil })
		return u, errors.Join(failed, err)
	}
	if _, err := find(); err == nil || !strings.Contains(err.Error(), "default route") {
		t.Errorf("without a default route: %v", err)
	}
	mustRun(t, a.pod, "ip", "link", "set", "eth0", "mtu", "1450")
	mustRun(t, a.pod, "ip", "route", "add", "default", "via", "10.99.0.2")
	if u, err := find(); err != nil || u.MTU != 1450 || u.Address != netip.MustParseAddr(a.address) {
		t.Errorf("underlay %+v, %v", u, err)
	}
}
