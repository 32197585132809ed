package original

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pseudowan/status"
	"pseudowan/topology"
	"pseudowan/topology/edit"
)

// lab is a small lab. Rows are those of the document, as far as they go.
type lab struct{ err error }

var at = time.Date(2015, 9, 22, 20, 51, 11, 0, time.Local)

func addr(s string) netip.Addr     { return netip.MustParseAddr(s) }
func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func number(n uint32) *uint32 { return &n }

func (l lab) Routers() []string { return []string{"pe1", "pe2"} }

func (l lab) Peers(context.Context, string) ([]status.Peer, error) {
	return []status.Peer{
		{RouterID: addr("10.10.10.1"), RemoteAddress: addr("192.168.0.2"), RemoteAS: 65002, State: status.SessionEstablished, Since: at},
		{RouterID: addr("10.10.10.1"), RemoteAddress: addr("192.168.0.6"), RemoteAS: 65003, State: status.SessionActive, Since: at},
	}, l.err
}

func (l lab) Interfaces(context.Context, string) ([]status.Interface, error) {
	return []status.Interface{
		{Port: 12, Name: "eth12", Addresses: []netip.Prefix{prefix("10.4.0.1/24"), prefix("2001:db8::1/64")}, MAC: "00:00:00:00:00:0a", RD: "65001:402"},
		{Port: 1, Name: "eth1", Addresses: []netip.Prefix{prefix("192.168.0.1/30")}, MAC: "00:00:00:01:01:01"},
		{Port: 2, Name: "bgp-eth1", Addresses: []netip.Prefix{prefix("192.168.0.1/30")}, MAC: "00:00:00:01:01:01"},
	}, l.err
}

func (l lab) Neighbors(context.Context, string) ([]status.Neighbor, error) {
	return []status.Neighbor{
		{Port: 3, Address: addr("10.1.0.2"), MAC: "c2:00:31:6c:7d:04"}, {Port: 3, Address: addr("fe80::1"), MAC: "c2:00:31:6c:7d:04"},
		{Port: 1, Address: addr("192.168.0.2"), MAC: "7c:c3:a1:87:8f:65"}, {Port: 1, Address: addr("192.168.0.3")},
	}, l.err
}

func (l lab) VRFs(context.Context, string) ([]status.VRF, error) {
	return []status.VRF{{RD: "65001:101", Routes: []status.Route{
		{Prefix: prefix("130.1.7.0/24"), NextHop: addr("192.168.0.2"), Best: true, Reason: "Only Path", MED: number(100), ASPath: "65002", Origin: "incomplete"},
		{Prefix: prefix("110.1.0.0/24"), NextHop: addr("10.1.0.2"), Best: true, Reason: "Only Path", Origin: "incomplete"},
		{Prefix: prefix("2001:db8::/64"), NextHop: addr("::"), Best: true, Reason: "Only Path", Origin: "igp"},
		{Prefix: prefix("9.0.0.0/8"), NextHop: addr("192.168.0.2"), Unusable: "label 3", Origin: "igp"},
	}}}, l.err
}

func (l lab) MPLS(context.Context, string) ([]status.MPLS, error) {
	return []status.MPLS{
		{RD: "65001:101", Prefix: prefix("110.1.0.0/24"), NextHop: addr("10.1.0.2"), Label: 1001},
		{RD: "65001:101", Prefix: prefix("10.1.0.2/32"), NextHop: addr("0.0.0.0"), Label: 1000},
		{RD: "65001:101", Prefix: prefix("2001:db8::/64"), NextHop: addr("::"), Label: 1002},
	}, l.err
}

func (l lab) Flows(context.Context, string) ([]status.Flow, error) {
	return []status.Flow{
		{Direction: status.DirectionOut, Prefix: prefix("30.1.0.2/32"), NextHop: addr("192.168.0.2"), Packets: 72, Bytes: 7056},
		{Direction: status.DirectionOut, Prefix: prefix("130.1.0.0/24"), NextHop: addr("192.168.0.2")},
		{Direction: status.DirectionOut, Prefix: prefix("0.0.0.0/0"), NextHop: addr("192.168.0.2")},
		{Direction: status.DirectionOut, Prefix: prefix("2001:db8::/64"), NextHop: addr("::")},
		{Direction: status.DirectionIn, Label: number(1001), NextHop: addr("10.1.0.2")},
		{Direction: status.DirectionIn, Label: number(1000), NextHop: addr("0.0.0.0"), Packets: 72, Bytes: 7344},
		{Direction: status.DirectionIn, Label: number(1002), NextHop: addr("::")},
	}, l.err
}

func (l lab) Ports(context.Context, string) ([]status.Port, error) {
	return []status.Port{
		{Port: 2, RxPackets: 749, RxBytes: 90506, TxPackets: 415, TxBytes: 31420},
		{Port: 1, RxPackets: 529, RxBytes: 42178, TxPackets: 887, TxBytes: 101990},
	}, l.err
}

func (l lab) RIB(context.Context, string) ([]status.RIB, error) {
	return []status.RIB{
		{RD: "65001:101", Prefix: prefix("110.1.0.0/24"), NextHop: addr("192.168.0.1"), Label: 1001, Best: true, Origin: "incomplete"},
		{RD: "65001:101", Prefix: prefix("130.1.7.0/24"), NextHop: addr("192.168.0.2"), Label: 2001, Best: true, MED: number(100), ASPath: "65002", Origin: "incomplete"},
		{RD: "65001:101", Prefix: prefix("130.1.7.0/24"), NextHop: addr("192.168.0.6"), Label: 3001, Unusable: "AS loop", ASPath: "65001", Origin: "igp"},
		{RD: "65001:101", Prefix: prefix("2001:db8::/64"), NextHop: addr("::1"), Label: 2002, Best: true, Origin: "igp"},
	}, l.err
}

func (l lab) LSPs(context.Context, string) ([]status.LSP, error) {
	return []status.LSP{{FEC: prefix("10.255.0.2/32"), NextHop: addr("192.168.0.2")}, {FEC: prefix("10.255.0.1/32")}}, l.err
}

func (l lab) SessionRoutes(_ context.Context, _, peer string, view status.RouteView) ([]status.SessionRoute, error) {
	if peer != "192.168.0.2" || view != status.RoutesReceived {
		return nil, status.NotFound("no session with " + peer)
	}
	return []status.SessionRoute{
		{RD: "65001:101", Prefix: prefix("130.1.7.0/24"), Label: number(2001), NextHop: addr("192.168.0.2"), MED: number(100), ASPath: "65002", Origin: "incomplete"},
		{RD: "65001:101", Prefix: prefix("9.0.0.0/8"), Label: number(2001), NextHop: addr("192.168.0.2"), Rejected: "policy x", Origin: "igp"},
		{Prefix: prefix("10.9.0.0/16"), NextHop: addr("10.1.0.2"), Origin: "egp"},
	}, l.err
}

func (l lab) Change(context.Context, func(*topology.Topology) ([]edit.Edit, error)) error {
	return l.err
}

func (l lab) Ping(context.Context, string, string, netip.Addr, int) (netip.Addr, error) {
	return netip.Addr{}, l.err
}

func get(t *testing.T, l Lab, method, path, body string) (int, map[string]any) {
	t.Helper()
	h := New(func(context.Context) (Lab, error) { return l, nil }, func() time.Time { return at })
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s: %v: %s", path, err, w.Body)
	}
	return w.Code, answer
}

func TestTables(t *testing.T) {
	for path, want := range map[string]string{
		"rib": `"rib":"Status codes: * valid, > best\nOrigin codes: i - IGP, e - EGP, ? - incomplete\n` +
			`     Network                          Labels   Next Hop             Reason          Metric LocPrf Path\nFamily: vpnv4\n` +
			` *>  65001:101:110.1.0.0/24           [1001]   192.168.0.1          Only Path                     ?\n` +
			` *>  65001:101:130.1.7.0/24           [2001]   192.168.0.2                          100           65002 ?\n` +
			`     65001:101:130.1.7.0/24           [3001]   192.168.0.6                                        65001 i\n"`,
		"neighbor": `"neighbor":"Status codes: x filtered\nOrigin codes: i - IGP, e - EGP, ? - incomplete\n` +
			`     Timestamp           Network                          Labels   Next Hop             Metric LocPrf Path\n` +
			`                         65001:101:130.1.7.0/24           [2001]   192.168.0.2          100           65002 ?\n` +
			` x                       65001:101:9.0.0.0/8              [2001]   192.168.0.2                        i\n` +
			`                         10.9.0.0/16                      None     10.1.0.2                           e\n"`,
		"route": `"route":[{"prefix":"10.255.0.2/32","destIpAddr":"10.255.0.2","netMask":"255.255.255.255","nextHopIpAddr":"192.168.0.2"}]`,
		"status/peer": `"status":[{"occurTime":"2015/09/22 20:51:11","status":"Peer Up","myPeer":"10.10.10.1","remotePeer":"192.168.0.2","asNumber":65002},
			{"occurTime":"2015/09/22 20:51:11","status":"Peer Down","myPeer":"10.10.10.1","remotePeer":"192.168.0.6","asNumber":65003}]`,
		"interface": `"interface":[{"routerPort":1,"routerIpAddr":"192.168.0.1","routerMacAddr":"00:00:00:01:01:01","routeDist":""},
			{"routerPort":12,"routerIpAddr":"10.4.0.1","routerMacAddr":"00-00-00-00-00-0A","routeDist":"65001:402"}]`,
		"arp": `"arp":[{"hostIpAddr":"192.168.0.2","hostMacAddr":"7c:c3:a1:87:8f:65","routerPort":1},{"hostIpAddr":"10.1.0.2","hostMacAddr":"c2:00:31:6c:7d:04","routerPort":3}]`,
		"vrf": `"vrfs":"Status codes: * valid, > best\nOrigin codes: i - IGP, e - EGP, ? - incomplete\n` +
			`     Network                          Labels   Next Hop             Reason          Metric LocPrf Path\n` +
			`VPN: ('65001:101', 'ipv4')\n` +
			` *>  130.1.7.0/24                     None     192.168.0.2          Only Path       100           65002 ?\n` +
			` *>  110.1.0.0/24                     None     10.1.0.2             Only Path                     ?\n` +
			`     9.0.0.0/8                        None     192.168.0.2                                        i\n"`,
		"mpls": `"mpls":[{"routeDist":"65001:101","prefix":"10.1.0.2/32","label":1000,"destIpAddr":"10.1.0.2","netMask":"255.255.255.255","nextHopIpAddr":"0.0.0.0"},
			{"routeDist":"65001:101","prefix":"110.1.0.0/24","label":1001,"destIpAddr":"110.1.0.0","netMask":"255.255.255.0","nextHopIpAddr":"10.1.0.2"}]`,
		"stats/flow": `"stats":[{"ipv4Dst":1000,"packets":72,"bytes":7344},{"ipv4Dst":1001,"packets":0,"bytes":0},{"ipv4Dst":"0.0.0.0/0","packets":0,"bytes":0},
			{"ipv4Dst":"130.1.0.0/24","packets":0,"bytes":0},{"ipv4Dst":"30.1.0.2","packets":72,"bytes":7056}]`,
		"stats/port": `"stats":[{"portNo":1,"rxPackets":529,"rxBytes":42178,"rxErrors":0,"txPackets":887,"txBytes":101990,"txErrors":0},
			{"portNo":2,"rxPackets":749,"rxBytes":90506,"rxErrors":0,"txPackets":415,"txBytes":31420,"txErrors":0}]`,
	} {
		var wanted map[string]any
		if err := json.Unmarshal([]byte(`{"id":"0000000000000001","time":"2015/09/22 20:51:11",`+want+`}`), &wanted); err != nil {
			t.Fatal(err)
		}
		code, got := get(t, lab{}, http.MethodGet, "/openflow/0000000000000001/"+path, `{"neighbor": {"routetype": "received-routes", "address": "192.168.0.2"}}`)
		if diff := cmp.Diff(wanted, got); diff != "" || code != http.StatusOK {
			t.Errorf("%s: %d: %s", path, code, diff)
		}
	}
	if len(tables) != 10 {
		t.Errorf("%d tables are served, and ten are tested", len(tables))
	}
}

// A client that does not send its whole body is not waited for.
func TestHalfBody(t *testing.T) {
	s := httptest.NewServer(server{func(context.Context) (Lab, error) { return lab{}, nil }, time.Now, 10 * time.Millisecond}.handler())
	defer s.Close()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "POST /openflow/0000000000000001/vrf HTTP/1.1\r\nHost: lab\r\nContent-Length: 100\r\n\r\n{'vrf': "); err != nil {
		t.Fatal(err)
	}
	a, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || a.StatusCode != http.StatusRequestTimeout {
		t.Errorf("%v: %+v", err, a)
	}
}

// What is not as it should be is refused before anything is touched.
func TestRefusals(t *testing.T) {
	const pe1 = "/openflow/0000000000000001/"
	for _, c := range []struct {
		method, path, body string
		lab                lab
		code               int
		says               string
	}{
		{"GET", "/openflow/0000000000000003/arp", "", lab{}, 404, "0000000000000001 is pe1, 0000000000000002 is pe2"},
		{"GET", "/openflow/1/arp", "", lab{}, 404, "no router has the datapath ID 1"},
		{"GET", "/openflow/0000000000000000/arp", "", lab{}, 404, "no router"},
		{"GET", pe1 + "acl", "", lab{}, 404, "GET interface, GET mpls"},
		{"GET", "/", "", lab{}, 404, "POST bgp"},
		{"PUT", pe1 + "vrf", "", lab{}, 404, "there is no PUT"},
		{"GET", "/openflow/0000000000000002/vrf", "", lab{errors.New("router pe2: no answer")}, 503, "router pe2: no answer"},
		{"GET", pe1 + "neighbor", "", lab{}, 400, "no object begins"},
		{"GET", pe1 + "neighbor", "{'neighbor': {'routetype': 'all', 'address': '192.168.0.2'}}", lab{}, 400, "accepted-routes, received-routes, sent-routes"},
		{"GET", pe1 + "neighbor", "{'neighbor': {'routetype': 'received-routes', 'address': '1.1.1.1'}}", lab{}, 404, "no session"},
		{"POST", pe1 + "vrf", "", lab{}, 400, "no object begins"},
		{"POST", pe1 + "vrf", "{'route': {}}", lab{}, 400, `the body is not {\"vrf\": {…}}`},
		{"POST", pe1 + "vrf", "{'vrf': {'route_dist': '1:1', 'import': '1:1'}}", lab{}, 400, "vrf has no export; it needs route_dist, import, export"},
		{"POST", pe1 + "vrf", "{'vrf': {'route_dist': '1:1', 'import': {}, 'export': '1:1'}}", lab{}, 400, "vrf has no import"},
		{"POST", pe1 + "vrf", "{'vrf': __import__('os').system('id')}", lab{}, 400, "octet 8"},
		{"POST", pe1 + "vrf", strings.Repeat(" ", maxBody+1), lab{}, 413, "more than 65536 octets"},
		{"POST", pe1 + "vrf", "{'vrf': {'route_dist': '1:1', 'import': '1:1', 'export': '1:1'}}", lab{errors.New("no answer")}, 503, "no answer"},
		{"PUT", pe1 + "ping", "{'ping': {'hostIp': 'x', 'data': '', 'outPort': '3'}}", lab{}, 400, `hostIp \"x\" is not an IPv4 address`},
		{"PUT", pe1 + "ping", "{'ping': {'hostIp': '10.1.0.2', 'data': '', 'outPort': '1'}}", lab{}, 409, "no port 1 in a VRF"},
	} {
		code, got := get(t, c.lab, c.method, c.path, c.body)
		if detail, _ := json.Marshal(got["detail"]); code != c.code || !strings.Contains(string(detail), c.says) {
			t.Errorf("%s %s %.60s: %d %v", c.method, c.path, c.body, code, got)
		}
	}
}
