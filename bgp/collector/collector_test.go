package collector

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/osrg/gobgp/v3/pkg/packet/bgp"
	"github.com/osrg/gobgp/v3/pkg/packet/bmp"

	wire "pseudowan/bgp/bmp"
)

// station is a collector that listens on loopback, with its REST interface.
type station struct {
	*Collector
	address string
	rest    *httptest.Server
}

func newStation(t *testing.T, c Config) station {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := station{Collector: New(c, slog.New(slog.NewTextHandler(io.Discard, nil))), address: l.Addr().String()}
	s.rest = httptest.NewServer(s.Handler(User{}))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		s.rest.Close()
	})
	return s
}

// dial connects a router.
func (s station) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// get reads a table over HTTP, as it is.
func (s station) get(t *testing.T, path, table string) (size int, rows []map[string]any) {
	t.Helper()
	r, err := http.Get(s.rest.URL + Root + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var all map[string]struct {
		Size int              `json:"size"`
		Data []map[string]any `json:"data"`
		Cols int              `json:"cols"`
	}
	if err := json.NewDecoder(r.Body).Decode(&all); err != nil {
		t.Fatalf("%s: %s: %v", path, r.Status, err)
	}
	for _, row := range all[table].Data {
		if len(row) != all[table].Cols {
			t.Errorf("%s: %d columns in a row, cols is %d", path, len(row), all[table].Cols)
		}
	}
	return all[table].Size, all[table].Data
}

func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !check(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not after 20 s: %s", what)
		}
	}
}

// send writes messages as a router does.
func send(t *testing.T, w io.Writer, messages ...*bmp.BMPMessage) {
	t.Helper()
	for _, m := range messages {
		b, err := m.Serialize()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
}

func hello(name, description string, more ...bmp.BMPInfoTLVInterface) *bmp.BMPMessage {
	return bmp.NewBMPInitiation(append([]bmp.BMPInfoTLVInterface{
		bmp.NewBMPInfoTLVString(bmp.BMP_INIT_TLV_TYPE_SYS_NAME, name), bmp.NewBMPInfoTLVString(bmp.BMP_INIT_TLV_TYPE_SYS_DESCR, description),
	}, more...))
}

func bgpID(a, b, c, d byte) bmp.BMPInfoTLVInterface {
	return bmp.NewBMPInfoTLVUnknown(wire.InfoBGPID, []byte{a, b, c, d})
}

func header(kind, flags uint8, address string) bmp.BMPPeerHeader {
	return *bmp.NewBMPPeerHeader(kind, flags, 0, address, 65002, "10.10.10.2", 1.5e9)
}

func open(as uint16, id string, addPath bgp.BGPAddPathMode) *bgp.BGPMessage {
	capabilities := []bgp.ParameterCapabilityInterface{bgp.NewCapFourOctetASNumber(uint32(as))}
	if addPath != 0 {
		capabilities = append(capabilities, bgp.NewCapAddPath([]*bgp.CapAddPathTuple{bgp.NewCapAddPathTuple(bgp.RF_IPv4_UC, addPath)}))
	}
	return bgp.NewBGPOpenMessage(as, 90, id, []bgp.OptionParameterInterface{bgp.NewOptionParameterCapability(capabilities)})
}

func up(h bmp.BMPPeerHeader, addPath bgp.BGPAddPathMode) *bmp.BMPMessage {
	return bmp.NewBMPPeerUpNotification(h, "192.168.0.1", 179, 40000, open(65001, "10.10.10.1", addPath), open(65002, "10.10.10.2", addPath))
}

// vpnUpdate announces a VPNv4 route.
func vpnUpdate(prefix string, bits uint8, label uint32) *bgp.BGPMessage {
	rd, _ := bgp.ParseRouteDistinguisher("65001:101")
	nlri := bgp.NewLabeledVPNIPAddrPrefix(bits, prefix, *bgp.NewMPLSLabelStack(label), rd)
	return bgp.NewBGPUpdateMessage(nil, []bgp.PathAttributeInterface{
		bgp.NewPathAttributeOrigin(0),
		bgp.NewPathAttributeAsPath([]bgp.AsPathParamInterface{bgp.NewAs4PathParam(2, []uint32{65002, 4200000000})}),
		bgp.NewPathAttributeMultiExitDisc(50),
		bgp.NewPathAttributeCommunities([]uint32{65002<<16 | 7}),
		bgp.NewPathAttributeExtendedCommunities([]bgp.ExtendedCommunityInterface{bgp.NewTwoOctetAsSpecificExtended(bgp.EC_SUBTYPE_ROUTE_TARGET, 65001, 101, true)}),
		bgp.NewPathAttributeMpReachNLRI("192.168.0.2", []bgp.AddrPrefixInterface{nlri}),
	}, nil)
}

func TestRouterComesAndGoes(t *testing.T) {
	s := newStation(t, Config{Name: "c"})
	conn := s.dial(t)
	peer := header(bmp.BMP_PEER_TYPE_GLOBAL, 0, "192.168.0.2")
	send(t, conn, hello("tara-mx-01", "Juniper\nmx960"), up(peer, 0),
		bmp.NewBMPRouteMonitoring(peer, vpnUpdate("30.1.0.0", 24, 505)), bmp.NewBMPRouteMonitoring(peer, vpnUpdate("30.2.0.0", 24, 506)))
	eventually(t, "two routes", func() bool { size, _ := s.get(t, "/rib", routesTable); return size == 2 })

	_, rows := s.get(t, "/routers", routersTable)
	if len(rows) != 1 || rows[0]["RouterName"] != "tara-mx-01" || rows[0]["RouterIP"] != "127.0.0.1" || rows[0]["RouterAS"] != 65001.0 ||
		rows[0]["description"] != "Juniper\nmx960" || rows[0]["isConnected"] != 1.0 || rows[0]["RouterHashId"] != hashOf("127.0.0.1", hashOf("c")) {
		t.Errorf("routers: %v", rows)
	}
	_, rows = s.get(t, "/rib/lookup?ip=30.1.0.77", routesTable)
	if len(rows) != 1 || rows[0]["RD"] != "65001:101" || rows[0]["Prefix"] != "30.1.0.0/24" || rows[0]["NH"] != "192.168.0.2" || rows[0]["AS_Path"] != "65002 4200000000" ||
		rows[0]["MED"] != 50.0 || rows[0]["Rib"] != "adj-rib-in" || rows[0]["LastModified"] != "2017-07-14 02:40:00.000000" || rows[0]["PeerName"] != "192.168.0.2" {
		t.Errorf("lookup: %v", rows)
	}
	if _, rows = s.get(t, "/rib/prefix/30.2.0.0/24", routesTable); len(rows) != 1 {
		t.Errorf("prefix: %v", rows)
	}
	_, rows = s.get(t, "/peer/status/up", peersTable)
	if len(rows) != 1 || rows[0]["Prefixes"] != 2.0 || rows[0]["PeerASN"] != 65002.0 || rows[0]["HoldTime"] != 90.0 || rows[0]["LocalIP"] != "192.168.0.1" {
		t.Fatalf("peers: %v", rows)
	}
	if _, rows := s.get(t, "/rib/peer/"+rows[0]["PeerHashId"].(string), routesTable); len(rows) != 2 {
		t.Errorf("routes of the peer: %v", rows)
	}

	send(t, conn, bmp.NewBMPPeerDownNotification(peer, bmp.BMP_PEER_DOWN_REASON_REMOTE_BGP_NOTIFICATION, bgp.NewBGPNotificationMessage(6, 2, nil), nil))
	eventually(t, "the peer is down", func() bool { _, rows := s.get(t, "/peer/status/down", peersTable); return len(rows) == 1 })
	_, rows = s.get(t, "/peer", peersTable)
	if why := rows[0]["LastDownReason"].(string); rows[0]["Prefixes"] != 0.0 || !strings.HasPrefix(why, "the peer has sent") {
		t.Errorf("after the end of the session: %v", rows)
	}

	send(t, conn, bmp.NewBMPTermination([]bmp.BMPTermTLVInterface{bmp.NewBMPTermTLV16(1, 2)}))
	eventually(t, "the router is gone", func() bool { _, rows := s.get(t, "/routers/status/down", routersTable); return len(rows) == 1 })
	if r := s.Routers()[0]; r.TermCode != 2 || r.TermReason != "out of resources" || r.Name != "tara-mx-01" {
		t.Errorf("after Termination: %+v", r)
	}
}

// Routers of other versions, and what is no BMP at all, end with the document's words.
func TestWhatCannotBeRead(t *testing.T) {
	long := []byte{3, 0xff, 0xff, 0xff, 0xff, 0}
	short := []byte{3, 0, 0, 0, 5, 0}
	for name, tt := range map[string]struct {
		bytes  []byte
		code   int
		reason string
	}{
		"version 1": {append([]byte{1}, make([]byte, 43)...), CodeError, "ERROR: Unsupported BMP message version"},
		"HTTP":      {[]byte("GET / HTTP/1.1\r\n"), CodeError, "ERROR: Unsupported BMP message version"},
		"long":      {long, CodeError, "ERROR: a message of 4294967295 octets"},
		"short":     {short, CodeError, "ERROR: a message of 5 octets"},
		"nothing":   {nil, CodeClosed, "Connection closed"},
		"cut off":   {[]byte{3, 0, 0, 0, 60, 4, 0}, CodeClosed, "Connection closed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStation(t, Config{})
			conn := s.dial(t)
			if _, err := conn.Write(tt.bytes); err != nil {
				t.Fatal(err)
			}
			_ = conn.(*net.TCPConn).CloseWrite() // unless the collector was quicker
			eventually(t, "the router is gone", func() bool { r := s.Routers(); return len(r) == 1 && r[0].Connected == 0 })
			if r := s.Routers()[0]; r.TermCode != tt.code || r.TermReason != tt.reason {
				t.Errorf("%+v", r)
			}
		})
	}
}

// A route that cannot be read is counted, and hides no other one.
func TestMalformedRoutes(t *testing.T) {
	s := newStation(t, Config{})
	conn := s.dial(t)
	peer := header(bmp.BMP_PEER_TYPE_GLOBAL, 0, "192.168.0.2")
	send(t, conn, hello("r", ""), up(peer, 0))
	bad, err := bmp.NewBMPRouteMonitoring(peer, vpnUpdate("30.1.0.0", 24, 505)).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	bad[bmp.BMP_HEADER_SIZE+bmp.BMP_PEER_HEADER_SIZE+19+4] ^= 0xff // flags of an attribute
	bad[bmp.BMP_HEADER_SIZE+bmp.BMP_PEER_HEADER_SIZE+19+6] = 0xff  // and its length
	if _, err := conn.Write(bad); err != nil {
		t.Fatal(err)
	}
	send(t, conn, bmp.NewBMPRouteMonitoring(peer, vpnUpdate("30.2.0.0", 24, 506)))
	eventually(t, "the good route", func() bool { p := s.Peers(); return len(p) == 1 && p[0].Prefixes == 1 })
	if p := s.Peers()[0]; p.Malformed != 1 {
		t.Errorf("%+v", p)
	}
}

// Behind address translation all routers have one address: their BGP identifiers tell
// them apart, else their names.
func TestPAT(t *testing.T) {
	s := newStation(t, Config{Name: "c", PAT: true})
	for _, m := range []*bmp.BMPMessage{hello("a", "", bgpID(200, 1, 1, 1)), hello("b", "", bgpID(200, 1, 1, 2)), hello("c", "")} {
		send(t, s.dial(t), m)
	}
	silent := s.dial(t)
	eventually(t, "three routers", func() bool { return len(s.Routers()) == 3 })
	silent.Close()
	eventually(t, "the one that has said nothing", func() bool { return len(s.Routers()) == 4 })
	want := []string{hashOf("200.1.1.1", hashOf("c")), hashOf("200.1.1.2", hashOf("c")), hashOf("c", hashOf("c")), hashOf("127.0.0.1", hashOf("c"))}
	slices.Sort(want)
	var got []string
	for _, r := range s.Routers() {
		got = append(got, r.HashID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}

	plain := newStation(t, Config{Name: "c"})
	send(t, plain.dial(t), hello("a", "", bgpID(200, 1, 1, 1)))
	send(t, plain.dial(t), hello("b", "", bgpID(200, 1, 1, 2)))
	eventually(t, "both in one row", func() bool { r := plain.Routers(); return len(r) == 1 && r[0].Name != "" })
}

func TestAddPathAndTables(t *testing.T) {
	s := newStation(t, Config{})
	conn := s.dial(t)
	peer := header(bmp.BMP_PEER_TYPE_GLOBAL, 0, "192.168.0.2")
	send(t, conn, hello("r", ""), up(peer, bgp.BGP_ADD_PATH_BOTH))
	options := []*bgp.MarshallingOption{{AddPath: map[bgp.RouteFamily]bgp.BGPAddPathMode{bgp.RF_IPv4_UC: bgp.BGP_ADD_PATH_BOTH}}}
	for id := uint32(1); id <= 2; id++ {
		nlri := bgp.NewIPAddrPrefix(24, "10.0.0.0")
		nlri.SetPathIdentifier(id)
		nlri.SetPathLocalIdentifier(id)
		update := bgp.NewBGPUpdateMessage(nil, []bgp.PathAttributeInterface{bgp.NewPathAttributeOrigin(2), bgp.NewPathAttributeNextHop("192.0.2.1")}, []*bgp.IPAddrPrefix{nlri})
		b, err := bmp.NewBMPRouteMonitoring(peer, update).Serialize(options...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "two paths", func() bool { p := s.Peers(); return len(p) == 1 && p[0].Prefixes == 2 })

	table := header(bmp.BMP_PEER_TYPE_LOCAL_RIB, 0, "0.0.0.0")
	table.PeerDistinguisher = 0x0000_fde9_0000_0065
	b, err := up(table, 0).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, 0, 3, 0, 3, 'r', 'e', 'd')
	b[4] += 7
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the table", func() bool { return len(s.Peers()) == 2 })
	if p := s.Peers()[1]; p.Name != "red" || p.Type != "loc-rib" || p.RD != "65001:101" || p.Address != "" {
		t.Errorf("%+v", p)
	}
}

func TestBounds(t *testing.T) {
	s := newStation(t, Config{PAT: true, MaxRouters: 3, MaxRoutes: 1, MaxConnections: 1})
	for _, name := range []string{"a", "b", "c", "d"} {
		conn := s.dial(t)
		send(t, conn, hello(name, ""))
		eventually(t, name, func() bool {
			return slices.ContainsFunc(s.Routers(), func(r Router) bool { return r.Name == name && r.Connected == 1 })
		})
		conn.Close()
		eventually(t, name+" gone", func() bool { return !slices.ContainsFunc(s.Routers(), func(r Router) bool { return r.Connected == 1 }) })
		eventually(t, "a free slot", func() bool { return len(s.slots) == 0 })
	}
	if r := s.Routers(); len(r) != 3 || slices.ContainsFunc(r, func(r Router) bool { return r.Name == "a" }) {
		t.Errorf("the oldest router was to be forgotten: %+v", r)
	}

	conn := s.dial(t)
	peer := header(bmp.BMP_PEER_TYPE_GLOBAL, 0, "192.168.0.2")
	send(t, conn, hello("d", ""), up(peer, 0), bmp.NewBMPRouteMonitoring(peer, vpnUpdate("30.1.0.0", 24, 505)))
	eventually(t, "one route", func() bool { p := s.Peers(); return len(p) == 1 && p[0].Prefixes == 1 })
	second := s.dial(t)
	if _, err := second.Read(make([]byte, 1)); err == nil {
		t.Error("a second router was let in")
	}
	send(t, conn, bmp.NewBMPRouteMonitoring(peer, vpnUpdate("30.2.0.0", 24, 506)))
	eventually(t, "the router is sent away", func() bool {
		return slices.ContainsFunc(s.Routers(), func(r Router) bool { return r.TermReason == "ERROR: more than 1 routes" })
	})
	if _, all := s.table.Routes(10, func(Route) bool { return true }); all != 0 || s.table.routes != 0 {
		t.Errorf("%d routes are left, %d are counted", all, s.table.routes)
	}
}

func TestClientAndPassword(t *testing.T) {
	s := newStation(t, Config{})
	send(t, s.dial(t), hello("r\x1b[31m", ""))
	eventually(t, "a router", func() bool { r := s.Routers(); return len(r) == 1 && r[0].Name != "" })
	closed := httptest.NewServer(s.Handler(User{"openbmp", "CiscoRA"}))
	defer closed.Close()
	if _, err := (Client{URL: closed.URL}).Routers(t.Context()); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("without a password: %v", err)
	}
	rows, err := Client{URL: closed.URL + "/", User: User{"openbmp", "CiscoRA"}}.Routers(t.Context())
	if err != nil || len(rows) != 1 || rows[0].Name != "r[31m" {
		t.Errorf("%v, %v", rows, err)
	}
	if rows, err := (Client{URL: s.rest.URL}).Routes(t.Context(), "30.1.0.1", 5); err != nil || len(rows) != 0 {
		t.Errorf("%v, %v", rows, err)
	}
	if _, err := (Client{URL: s.rest.URL}).Routes(t.Context(), "nonsense", 5); err == nil || !strings.Contains(err.Error(), "ip has to be an address") {
		t.Errorf("nonsense: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	peer := header(bmp.BMP_PEER_TYPE_GLOBAL, 0, "192.168.0.2")
	for _, m := range []*bmp.BMPMessage{
		hello("r", "d", bgpID(1, 2, 3, 4)), up(peer, bgp.BGP_ADD_PATH_BOTH), bmp.NewBMPRouteMonitoring(peer, vpnUpdate("30.1.0.0", 24, 505)),
		bmp.NewBMPTermination([]bmp.BMPTermTLVInterface{bmp.NewBMPTermTLV16(1, 2)}),
		bmp.NewBMPPeerDownNotification(peer, bmp.BMP_PEER_DOWN_REASON_REMOTE_BGP_NOTIFICATION, bgp.NewBGPNotificationMessage(6, 2, nil), nil),
	} {
		b, err := m.Serialize()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := strings.NewReader(string(b))
		table := newTable(Config{MaxRoutes: 100}, time.Now)
		l := table.connect(sourceOf(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))
		c := codec{up: make(map[peerKey]*peerUp)}
		for {
			msg, err := readMessage(r)
			if err != nil {
				break
			}
			event, err := c.read(msg)
			if err == nil && l.apply(event) != nil {
				break
			}
		}
		l.end(CodeClosed, "")
		if table.routes != 0 {
			t.Errorf("%d routes are left", table.routes)
		}
	})
}
