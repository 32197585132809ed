package doctor

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pseudowan/status"
)

func TestServerSide(t *testing.T) {
	n := Need{Lab: "demo", Uplinks: []Uplink{{Segment: "docker0", Subnets: []netip.Prefix{netip.MustParsePrefix("172.20.0.0/16")}}}}
	n.Publish = []Published{{Port: Port{Protocol: "tcp", Port: 8080}, Text: "8080:80/tcp", Host: "web"}}
	for _, tt := range []struct {
		name   string
		o      Observed
		taken  []Port
		check  string
		status status.Severity
		says   string
	}{
		{"nothing in the way", Observed{}, nil, "uplink of segment docker0", status.OK, "pw-demo"},
		{"no nft", Observed{NoNFT: true}, nil, "nftables", status.Fail, "not installed"},
		{"its own network", Observed{Networks: []Network{{netip.MustParsePrefix("172.20.0.0/16"), "pwu-1", "demo"}}}, nil, "uplink of segment docker0", status.OK, "172.20.0.0/16"},
		{"docker's network", Observed{Networks: []Network{{netip.MustParsePrefix("172.20.3.0/24"), "br-1", ""}}}, nil, "uplink of segment docker0", status.Fail, "overlaps with 172.20.3.0/24 of the server's interface br-1"},
		{"another lab's", Observed{Networks: []Network{{netip.MustParsePrefix("172.0.0.0/8"), "pwu-2", "other"}}}, nil, "uplink of segment docker0", status.Fail, "of lab other"},
		{"free port", Observed{Ports: []Port{{"udp", netip.IPv4Unspecified(), 8080, "x"}, {"tcp", netip.IPv4Unspecified(), 80, "x"}}}, nil, "published port 8080:80/tcp", status.OK, "web"},
		{"a server's port", Observed{Ports: []Port{{"tcp", netip.IPv6Unspecified(), 8080, "nginx (PID 7)"}}}, nil, "published port 8080:80/tcp", status.Fail, "nginx (PID 7)"},
		{"another lab's port", Observed{}, []Port{{"tcp", netip.Addr{}, 8080, "host web of lab other"}}, "published port 8080:80/tcp", status.Fail, "host web of lab other"},
		{"docker's firewall", Observed{Droppers: []Dropper{{Family: "ip", Table: "filter", Chain: "FORWARD", User: "DOCKER-USER"}}}, nil, "firewall", status.Warn, `nft insert rule ip filter DOCKER-USER iifname '"pwu-*"' accept`},
		{"an old firewall", Observed{Droppers: []Dropper{{Family: "ip6", Table: "filter", Chain: "FORWARD", Legacy: true}}}, nil, "firewall", status.Warn, "ip6tables-legacy -I FORWARD -o 'pwu-+' -j ACCEPT"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			need := n
			tt.o.Root = true
			need.Taken = tt.taken
			expect(t, Judge(tt.o, need), tt.check, tt.status, tt.says)
		})
	}
}

func TestParseDroppers(t *testing.T) {
	got := parseDroppers(`table ip nat {
	chain POSTROUTING {
		type nat hook postrouting priority srcnat; policy accept;
	}
}
table ip filter {
	chain DOCKER-USER {
		counter return
	}
	chain FORWARD {
		type filter hook forward priority filter; policy drop;
		jump DOCKER-USER
	}
	chain DOCKER-USER {
	}
}
table inet mine {
	chain f {
		type filter hook forward priority filter; policy drop;
		iifname "pwu-*" accept
	}
}
table inet pw-demo {
	chain forward {
		type filter hook forward priority filter; policy accept;
	}
}
`)
	want := []Dropper{{Family: "ip", Table: "filter", Chain: "FORWARD", User: "DOCKER-USER"}, {Family: "inet", Table: "mine", Chain: "f", Knows: true}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestListening(t *testing.T) {
	proc := t.TempDir()
	write := func(file, text string) {
		path := filepath.Join(proc, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	write("self/net/tcp", head+`   0: 020200C0:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0
   1: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 100 0 0 10 0
   2: 020200C0:0016 010200C0:8000 01 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0
`)
	write("self/net/udp6", head+`  0: 00000000000000000000000000000000:0035 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 4714 2 0 0
`)
	write("7/comm", "nginx\n")
	write("7/fd/.keep", "")
	if err := os.Symlink("socket:[4711]", filepath.Join(proc, "7/fd/3")); err != nil {
		t.Fatal(err)
	}
	got := listening(proc)
	slices.SortFunc(got, func(a, b Port) int { return int(b.Port) - int(a.Port) })
	want := []Port{{"tcp", netip.MustParseAddr("192.0.2.2"), 8080, "nginx (PID 7)"}, {"udp", netip.IPv6Unspecified(), 53, ""}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestSegmentNICs(t *testing.T) {
	good := NIC{Present: true, Kind: "device", Ethernet: true, Up: true, MTU: 1500, Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.2/24")}}
	for _, tt := range []struct {
		name   string
		change func(*NIC)
		status status.Severity
		says   string
	}{
		{"good", func(*NIC) {}, status.OK, "keeps it, with 192.0.2.2/24"},
		{"one's own session", func(n *NIC) { n.SSH = netip.MustParseAddr("192.0.2.9") }, status.OK, "your SSH session goes on"},
		{"a bridge", func(n *NIC) { n.Kind = "bridge" }, status.OK, "port of segment br0"},
		{"its own already", func(n *NIC) { n.Lab = "demo" }, status.OK, "port of segment br0"},
		{"absent", func(n *NIC) { *n = NIC{} }, status.Fail, "--nic eth0=enp7s0"},
		{"another lab's", func(n *NIC) { n.Lab = "other" }, status.Fail, "lab other has it"},
		{"wireless", func(n *NIC) { n.Wireless = true }, status.Fail, "wireless"},
		{"a tunnel", func(n *NIC) { n.Ethernet = false }, status.Fail, "Ethernet"},
		{"a port", func(n *NIC) { n.Master = "br7" }, status.Fail, "name br7"},
		{"too small", func(n *NIC) { n.MTU = 1400 }, status.Fail, "set mtu: 1400"},
		{"a bridge too small", func(n *NIC) { n.Kind, n.MTU = "bridge", 1400 }, status.Fail, "set mtu: 1400"},
		{"down", func(n *NIC) { n.Down = true }, status.Warn, "ip link set eth0 up"},
		{"no cable", func(n *NIC) { n.Up = false }, status.Warn, "carrier"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nic := good
			tt.change(&nic)
			n := Need{Lab: "demo", OnSegments: []SegmentNIC{{"eth0", "br0", 1500}}}
			expect(t, Judge(Observed{Root: true, NICs: map[string]NIC{"eth0": nic}}, n), "NIC eth0", tt.status, tt.says)
		})
	}
}
