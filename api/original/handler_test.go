package original

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pseudowan/status"
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

func get(t *testing.T, l lab, method, path string) (int, map[string]any) {
	t.Helper()
	h := New(func(context.Context) (Lab, error) { return l, nil }, func() time.Time { return at })
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s: %v: %s", path, err, w.Body)
	}
	return w.Code, answer
}

func TestTables(t *testing.T) {
	for path, want := range map[string]string{
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
		code, got := get(t, lab{}, http.MethodGet, "/openflow/0000000000000001/"+path)
		if diff := cmp.Diff(wanted, got); diff != "" || code != http.StatusOK {
			t.Errorf("%s: %d: %s", path, code, diff)
		}
	}
	if len(tables) != 7 {
		t.Errorf("%d tables are served, and seven are tested", len(tables))
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		method, path string
		lab          lab
		code         int
		says         string
	}{
		{http.MethodGet, "/openflow/0000000000000003/arp", lab{}, http.StatusNotFound, "0000000000000001 is pe1, 0000000000000002 is pe2"},
		{http.MethodGet, "/openflow/1/arp", lab{}, http.StatusNotFound, "no router has the datapath ID 1"},
		{http.MethodGet, "/openflow/0000000000000000/arp", lab{}, http.StatusNotFound, "no router"},
		{http.MethodGet, "/openflow/0000000000000001/acl", lab{}, http.StatusNotFound, "interface, mpls"},
		{http.MethodGet, "/", lab{}, http.StatusNotFound, "no such table"},
		{http.MethodPost, "/openflow/0000000000000001/vrf", lab{}, http.StatusMethodNotAllowed, "`pseudowan up`"},
		{http.MethodDelete, "/openflow/0000000000000001/route", lab{}, http.StatusMethodNotAllowed, "DELETE"},
		{http.MethodGet, "/openflow/0000000000000002/vrf", lab{errors.New("router pe2: no answer")}, http.StatusServiceUnavailable, "router pe2: no answer"},
	} {
		code, got := get(t, c.lab, c.method, c.path)
		if detail, _ := got["detail"].(string); code != c.code || !strings.Contains(detail, c.says) {
			t.Errorf("%s %s: %d %v", c.method, c.path, code, got)
		}
	}
}
