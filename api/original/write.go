package original

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/topology"
	"pseudowan/topology/edit"
)

// fields are the values of a request by their keys; "" is not given.
type fields map[string]string

// write is a request that changes a lab.
type write struct {
	object string   // the key under which its fields are
	keys   []string // of the fields, all of which it has
	edits  func(*topology.Topology, string, fields) ([]edit.Edit, error)
}

// writes are the requests by their methods and paths. Their edits are those that are
// still to be made: what the lab has already is no error.
var writes = map[string]write{
	"POST bgp":       {"bgp", []string{"as_number", "router_id", "label_range_start", "label_range_end"}, speaker},
	"POST interface": {"interface", interfaceKeys, attachment},
	"POST vrf":       {"vrf", []string{"route_dist", "import", "export"}, addVRF},
	"DELETE vrf":     {"vrf", []string{"route_dist"}, delVRF},
	"POST route":     {"route", []string{"destination", "netmask", "nexthop", "vrf_routeDist"}, addRoute},
	"DELETE route":   {"route", []string{"destination", "netmask", "vrf_routeDist"}, delRoute},
	"POST gateway":   {"gateway", []string{"ipaddress"}, gateway},
	"POST bmp":       {"bmp", []string{"address", "port"}, addStation},
	"DELETE bmp":     {"bmp", []string{"address", "port"}, delStation},
	"PUT neighbor":   {"neighbor", []string{"peerIp", "med"}, neighborMED},

	"POST redistribute": {"bgp", []string{"redistribute", "vrf_routeDist"}, redistribute},
}

var interfaceKeys = []string{
	"port", "macaddress", "ipaddress", "netmask", "opposite_ipaddress", "opposite_asnumber",
	"port_offload_bgp", "bgp_med", "bgp_local_pref", "bgp_filter_asnumber", "vrf_routeDist",
}

// requestError refuses a request that is not as it should be.
type requestError struct{ message string }

func (e *requestError) Error() string { return e.message }

// conflictError refuses what the lab cannot become while it runs.
type conflictError struct{ message string }

func (e *conflictError) Error() string { return e.message }

func badf(format string, args ...any) error { return &requestError{fmt.Sprintf(format, args...)} }

func conflictf(format string, args ...any) error { return &conflictError{fmt.Sprintf(format, args...)} }

// read takes the fields of a request out of its body.
func (w write) read(body string) (fields, error) {
	o, err := parseObject(body)
	if err != nil {
		return nil, &requestError{err.Error()}
	}
	inner, ok := o[w.object].(object)
	if !ok {
		return nil, badf("the body is not {%q: {…}}", w.object)
	}
	f := fields{}
	for _, key := range w.keys {
		value, ok := inner[key].(string)
		if !ok {
			return nil, badf("%s has no %s; it needs %s", w.object, key, strings.Join(w.keys, ", "))
		}
		f[key] = value
	}
	return f, nil
}

// do makes the change in a lab.
func (w write) do(ctx context.Context, lab Lab, router string, f fields) error {
	return lab.Change(ctx, func(t *topology.Topology) ([]edit.Edit, error) { return w.edits(t, router, f) })
}

// address reads a field that is an IPv4 address.
func (f fields) address(key string) (netip.Addr, error) {
	a, err := netip.ParseAddr(f[key])
	if err != nil || !a.Is4() {
		return a, badf("%s %q is not an IPv4 address", key, f[key])
	}
	return a, nil
}

// length reads a field that is a mask.
func (f fields) length(key string) (int, error) {
	a, err := f.address(key)
	if err != nil {
		return 0, badf("%s %q is not a mask such as 255.255.255.0", key, f[key])
	}
	for bits := range 33 {
		if netip.PrefixFrom(allOnes, bits).Masked().Addr() == a {
			return bits, nil
		}
	}
	return 0, badf("%s %s has ones after zeros", key, f[key])
}

// allOnes is the longest mask.
var allOnes = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// prefix reads a destination and its mask.
func (f fields) prefix() (netip.Prefix, error) {
	a, err := f.address("destination")
	if err != nil {
		return netip.Prefix{}, err
	}
	bits, err := f.length("netmask")
	if err != nil {
		return netip.Prefix{}, err
	}
	p := netip.PrefixFrom(a, bits)
	if p != p.Masked() {
		return p, badf("destination %s has bits beyond the mask %s; its network is %s", a, f["netmask"], p.Masked().Addr())
	}
	return p, nil
}

// vrfWith finds the VRF of a router by its route distinguisher; nil if there is none.
func vrfWith(t *topology.Topology, router, rd string) *topology.VRF {
	i := slices.IndexFunc(t.VRFs, func(v topology.VRF) bool { return v.Router == router && v.RD.String() == rd })
	if i < 0 {
		return nil
	}
	return &t.VRFs[i]
}

// needVRF is vrfWith for what is to be there.
func needVRF(t *topology.Topology, router, rd string) (*topology.VRF, error) {
	if v := vrfWith(t, router, rd); v != nil {
		return v, nil
	}
	var known []string
	for _, v := range t.VRFs {
		if v.Router == router {
			known = append(known, v.RD.String())
		}
	}
	msg := fmt.Sprintf("router %s has no VRF with the route distinguisher %s", router, rd)
	if len(known) > 0 {
		msg += "; it has " + strings.Join(known, ", ")
	}
	return nil, &conflictError{msg}
}

// inVRF refuses what concerns no VRF: routers forward nothing else for customers.
func (f fields) inVRF(t *topology.Topology, router string) (*topology.VRF, error) {
	if f["vrf_routeDist"] == "" {
		return nil, conflictf("router %s forwards in VRFs alone: give vrf_routeDist", router)
	}
	return needVRF(t, router, f["vrf_routeDist"])
}

// route returns the VRF and the prefix of the static route that a request is about.
func (f fields) route(t *topology.Topology, router string) (*topology.VRF, netip.Prefix, error) {
	v, err := f.inVRF(t, router)
	if err != nil {
		return nil, netip.Prefix{}, err
	}
	p, err := f.prefix()
	return v, p, err
}
