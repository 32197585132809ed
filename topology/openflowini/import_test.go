package openflowini

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/topology"
)

var update = flag.Bool("update", false, "write the golden files anew")

// What becomes of files of each kind, and what of them is not kept.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.ini")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text, notes, err := Import("OpenFlow.ini", "imported", data)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(path, ".ini")+".yaml", string(text))
			said := ""
			for _, n := range notes {
				said += n.String() + "\n"
			}
			golden(t, strings.TrimSuffix(path, ".ini")+".notes", said)
			if _, err := topology.Parse("lab.yaml", text); err != nil {
				t.Error(err)
			}
		})
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-golden +now), accept with -update:\n%s", path, diff)
	}
}

const good = "[Bgp]\nas_number = 65001\nrouter_id = 10.10.10.1\n[Port]\nport = 1\nipaddress = 192.168.0.1\nnetmask = 255.255.255.252\n" +
	"opposite_ipaddress = 192.168.0.2\nopposite_asnumber = 65002\nport_offload_bgp = 2\n"

func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		name, edit, to string
		want           []string
	}{
		{"empty", good, "", []string{
			`x.ini: file: has no section [Bgp]; add [Bgp] with as_number = "65001" and router_id = "10.10.10.1"`,
			`x.ini: file: has no port; add [Port] with ipaddress = "192.168.0.1"`}},
		{"no number", "= 65001", "= AS65001", []string{`x.ini:2: Bgp as_number: "AS65001" is not a number; write digits`}},
		{"no AS", "as_number = 65001\n", "", []string{`x.ini:1: Bgp: has no as_number; add as_number = "65001"`}},
		{"an AS that cannot be", "= 65001", "= 23456", []string{`x.ini:2: routers.pe1.as: AS 23456 is reserved`}},
		{"no address", "10.10.10.1", "::1", []string{`x.ini:3: Bgp router_id: "::1" is not an IPv4 address; write one as 192.168.0.1`}},
		{"half a range", "[Port]", "label_range_end = 7\n[Port]", []string{`x.ini:4: Bgp: label_range_start and label_range_end belong together; give both, or none`}},
		{"netmask", "255.255.255.252", "255.0.255.0", []string{`x.ini:7: Port netmask: "255.0.255.0" is not a netmask; write one as 255.255.255.252`}},
		{"peer off the link", "192.168.0.2", "192.168.9.2", []string{`x.ini:8: link pe1:eth1, nic eth1: peer 192.168.9.2 is not another address on a subnet of pe1:eth1;`}},
		{"MAC", "port = 1\n", "macaddress = 1\n", []string{`x.ini:5: Port macaddress: "1" is not a MAC address; write one as 00:00:00:01:01:01`}},
		{"BGP and a VRF", "port = 1\n", "vrf_routeDist = 1:1\n", []string{`x.ini:5: Port: a port has either BGP or a VRF; remove vrf_routeDist, or opposite_asnumber and port_offload_bgp`}},
		{"ON", "[Port]", "redistribute = maybe\n[Port]", []string{`x.ini:4: Bgp redistribute: "maybe" is neither ON nor OFF; write ON or OFF`}},
		{"quotes", "= 65001", `= "65001`, []string{`x.ini:2: as_number: "65001 is not quoted well; write key = "value"`, `x.ini:2: Bgp: has no as_number; add as_number = "65001"`}},
		{"lines", "[Bgp]\n", "x = 1\n  y\n[Bgp\n[Bgp]\nnothing\n= 2\n", []string{
			`x.ini:1: x: stands before the first section; write [Bgp] above it`,
			`x.ini:2: file: "y" is indented, and no key is above it; remove the blanks before it`,
			`x.ini:3: file: "[Bgp" is not a section; write [Bgp], [Port], [Port1], [Vrf], [Gateway], [Bmp] or [Neighbor]`,
			`x.ini:5: file: "nothing" is neither a section nor a key; write key = "value"`,
			`x.ini:6: file: "= 2" has no key; write key = "value"`}},
		{"a value that goes on", "router_id = 10.10.10.1\n", "router_id = 10.10.10.1\n 2\n", []string{`x.ini:4: Bgp: the value of router_id goes on here; write it in one line`}},
		{"an RD twice", "[Port]", "[Vrf1]\nroute_dist = 1:1\n[Vrf2]\nroute_dist = 1:1\n[Port]", []string{`x.ini:7: Vrf2: RD 1:1 is that of another VRF already; give every VRF its own`}},
		{"no RD", "[Port]", "[Vrf1]\nroute_dist = one\n[Port]", []string{`x.ini:5: vrfs.one.rd: `}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(good, tt.edit, tt.to, 1)
			if text == good {
				t.Fatal("nothing is edited")
			}
			_, _, err := Import("x.ini", "x", []byte(text))
			if err == nil {
				t.Fatal("not refused")
			}
			got := strings.Split(err.Error(), "\n")
			for i, want := range tt.want {
				if len(got) != len(tt.want) || !strings.HasPrefix(got[i], want) { // the words of the topology room end a line
					t.Fatalf("%q\nwant %q", got, tt.want)
				}
			}
		})
	}
}

// Files are read as Python reads them.
func TestDialect(t *testing.T) {
	want, _, err := Import("x.ini", "x", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"Windows lines":      strings.ReplaceAll(good, "\n", "\r\n"),
		"a byte order mark":  "\ufeff" + good,
		"colons":             strings.ReplaceAll(good, " = ", ":"),
		"no blanks":          strings.ReplaceAll(good, " = ", "="),
		"capitals":           strings.ReplaceAll(strings.ReplaceAll(good, "as_number", "AS_Number"), "[Port]", "[PORT]"),
		"quotes":             strings.Replace(strings.Replace(good, "65001", `"65001"`, 1), "192.168.0.1\n", "'192.168.0.1'  ; ours\n", 1),
		"comments":           "# one\n; two\nREM three\n" + strings.Replace(good, "= 65001", "= 65001 ; AS", 1),
		"a key twice":        strings.Replace(good, "as_number", "as_number = 1\nas_number", 1),
		"a section in parts": strings.Replace(good, "router_id = 10.10.10.1\n", "", 1) + "[Bgp]\nrouter_id = 10.10.10.1\n",
		"defaults":           strings.Replace(good, "netmask = 255.255.255.252\n", "", 1) + "[DEFAULT]\nnetmask = 255.255.255.252\nas_number = 7\n",
	} {
		got, notes, err := Import("x.ini", "x", []byte(text))
		if err != nil || string(got) != string(want) || len(notes) != 2 {
			t.Errorf("%s: %v, %d notes\n%s", name, err, len(notes), got)
		}
	}
}

// FuzzImport checks that no file makes Import panic, that what it refuses has a
// reason, and that what it writes is a valid lab.
func FuzzImport(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.ini")
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(good))
	f.Fuzz(func(t *testing.T, data []byte) {
		text, _, err := Import("x.ini", "x", data)
		if err != nil {
			if err.Error() == "" {
				t.Error("refused without a reason")
			}
			return
		}
		if _, err := topology.Parse("lab.yaml", text); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	})
}
