package ovs

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/ovs/pipeline"
)

func TestTransactions(t *testing.T) {
	observed := func() observation {
		return observation{
			ports: map[string]observedPort{
				"w1": {Number: 1, Wanted: 1, Opened: 11},
				"i2": {Number: 2, Wanted: 2, Internal: true, MAC: "02:00:00:00:00:02", MTU: 1500},
			},
			kernel: map[string]int{"w1": 11, "i2": 12, "w3": 13, "lo": 1},
		}
	}
	w1 := Port{Number: 1, Name: "w1"}
	i2 := Port{Number: 2, Name: "i2", Internal: true, MAC: mac("02:00:00:00:00:02"), MTU: 1500}
	w3 := Port{Number: 3, Name: "w3"}
	bigger, renumbered, inTheWay, external := i2, w1, w3, i2
	bigger.MTU = 9000
	renumbered.Number = 7
	inTheWay.Number = 2
	external.Internal = false
	byXDP := w1
	byXDP.XDP = true
	const addW3 = "add-port br0 w3 -- set interface w3 ofport_request=3 external_ids:opened-ifindex=13"
	for _, c := range []struct {
		name   string
		change func(observation)
		wanted []Port
		want   []string
	}{
		{"nothing to do", nil, []Port{w1, i2}, nil},
		{"add before remove", nil, []Port{i2, w3}, []string{addW3, "--if-exists del-port br0 w1"}},
		{"MTU", nil, []Port{w1, bigger}, []string{`set interface i2 mac="02:00:00:00:00:02" mtu_request=9000`}},
		{"number", nil, []Port{renumbered, i2}, []string{
			"--if-exists del-port br0 w1",
			"add-port br0 w1 -- set interface w1 ofport_request=7 external_ids:opened-ifindex=11",
		}},
		{"number of a port that goes", nil, []Port{w1, inTheWay}, []string{
			"--if-exists del-port br0 i2",
			"add-port br0 w3 -- set interface w3 ofport_request=2 external_ids:opened-ifindex=13",
		}},
		{"type", nil, []Port{w1, external}, []string{
			"--if-exists del-port br0 i2",
			`add-port br0 i2 -- set interface i2 ofport_request=2 external_ids:opened-ifindex=12 mac="02:00:00:00:00:02" mtu_request=1500`,
		}},
		{"AF_XDP", nil, []Port{byXDP, i2}, []string{
			"--if-exists del-port br0 w1",
			"add-port br0 w1 -- set interface w1 ofport_request=1 type=afxdp-nonpmd external_ids:opened-ifindex=11",
		}},
		{"AF_XDP no more", func(o observation) { o.ports["w1"] = observedPort{Number: 1, Wanted: 1, Opened: 11, XDP: true} }, []Port{w1, i2}, []string{
			"--if-exists del-port br0 w1",
			"add-port br0 w1 -- set interface w1 ofport_request=1 external_ids:opened-ifindex=11",
		}},
		{"interface made again", func(o observation) { o.kernel["w1"] = 21 }, []Port{w1, i2}, []string{
			"--if-exists del-port br0 w1",
			"add-port br0 w1 -- set interface w1 ofport_request=1 external_ids:opened-ifindex=21",
		}},
		{"everything goes", nil, nil, []string{"--if-exists del-port br0 i2 -- --if-exists del-port br0 w1"}},
		{"two ports at once", func(o observation) { clear(o.ports) }, []Port{w1, i2}, []string{
			"add-port br0 w1 -- set interface w1 ofport_request=1 external_ids:opened-ifindex=11" +
				` -- add-port br0 i2 -- set interface i2 ofport_request=2 type=internal mac="02:00:00:00:00:02" mtu_request=1500`,
		}},
	} {
		o := observed()
		if c.change != nil {
			c.change(o)
		}
		var got []string
		for _, args := range (Bridge{Ports: c.wanted}).transactions("br0", o) {
			got = append(got, strings.Join(args, " "))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestBridgeCheck(t *testing.T) {
	for _, c := range []struct {
		ports []Port
		want  string
	}{
		{[]Port{{Number: 1, Name: "a"}, {Number: 2, Name: "a"}}, "port a: duplicate name"},
		{[]Port{{Number: 1, Name: "a"}, {Number: 1, Name: "b"}}, "port b: number 1 is used by another port"},
		{[]Port{{Number: 0, Name: "a"}}, "port a: number 0 is not between 1 and 65279"},
		{[]Port{{Number: 65280, Name: "a"}}, "port a: number 65280 is not between 1 and 65279"},
		{[]Port{{Number: 1, Name: "br0"}}, `port 1: name "br0" is not available`},
		{[]Port{{Number: 1, Name: "--all"}}, `port 1: name "--all" is not available`},
	} {
		if err := (Bridge{Ports: c.ports}).check("br0"); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

const listed = `[
	{"name":"br0","type":"internal","ofport":65534,"ofport_request":["set",[]],"mac":["set",[]],"mtu_request":["set",[]],"external_ids":["map",[]],"error":["set",[]]},
	{"name":"w1","type":"","ofport":-1,"ofport_request":1,"mac":["set",[]],"mtu_request":["set",[]],"external_ids":["map",[["opened-ifindex","0"]]],
	 "error":"could not open network device w1 (No such device)"},
	{"name":"i2","type":"internal","ofport":2,"ofport_request":2,"mac":"02:00:00:00:00:02","mtu_request":1500,"external_ids":["map",[]],"error":["set",[]]}]`

func TestObservationOf(t *testing.T) {
	var rows []map[string]json.RawMessage
	check(t, json.Unmarshal([]byte(listed), &rows))
	want := map[string]observedPort{
		"w1": {Wanted: 1, Error: "could not open network device w1 (No such device)"},
		"i2": {Number: 2, Wanted: 2, Internal: true, MAC: "02:00:00:00:00:02", MTU: 1500},
	}
	if diff := cmp.Diff(want, observationOf(rows, "br0").ports); diff != "" {
		t.Error(diff)
	}
}

func FuzzObservationOf(f *testing.F) {
	f.Add([]byte(listed))
	f.Add([]byte(`[{},{"name":1,"external_ids":["map",[[1,2]]]}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var rows []map[string]json.RawMessage
		if json.Unmarshal(b, &rows) != nil {
			return
		}
		if _, ok := observationOf(rows, "br0").ports["br0"]; ok {
			t.Error("the bridge's own port is among the ports")
		}
	})
}

func TestPortions(t *testing.T) {
	few, many := routes(bundleSize/2), routes(2*portionSize+1)
	type size struct {
		add, remove int
		atomic      bool
	}
	sizes := func(list []portion) (all []size) {
		for _, p := range list {
			all = append(all, size{len(p.add), len(p.remove), p.atomic})
		}
		return all
	}
	for _, c := range []struct {
		add, remove []pipeline.Flow
		want        []size
	}{
		{nil, nil, nil},
		{few, few, []size{{bundleSize / 2, bundleSize / 2, true}}},
		{many, few, []size{{portionSize, 0, false}, {portionSize, 0, false}, {1, 0, false}, {0, bundleSize / 2, false}}},
	} {
		if got := sizes(portions(c.add, c.remove)); !slices.Equal(got, c.want) {
			t.Errorf("%+v, want %+v", got, c.want)
		}
	}
}

func TestLogRecord(t *testing.T) {
	got, err := logRecord([]byte("{\n \"a\": 1\n}"))
	check(t, err)
	body := "{\"a\":1}\n"
	if want := fmt.Sprintf("OVSDB JSON 8 %x\n%s", sha1.Sum([]byte(body)), body); string(got) != want {
		t.Errorf("%q, want %q", got, want)
	}
	if _, err := logRecord([]byte("{")); err == nil {
		t.Error("a schema that is not JSON was accepted")
	}
}

func TestLastWords(t *testing.T) {
	d := daemon{words: filepath.Join(t.TempDir(), "words")}
	if got := d.lastWords(); got != "" {
		t.Errorf("without a file: %q", got)
	}
	check(t, os.WriteFile(d.words, append(bytes.Repeat([]byte("x"), 3*tailSize), "last words\n"...), 0o600))
	if got := d.lastWords(); len(got) != tailSize-1 || !strings.HasSuffix(got, "xlast words") {
		t.Errorf("%d octets: …%s", len(got), got[len(got)-20:])
	}
}

func TestCommandError(t *testing.T) {
	_, err := tools{dir: t.TempDir()}.run(t.Context(), nil, "sh", "-c", "echo why >&2; exit 3")
	var failed *commandError
	if !errors.As(err, &failed) || err.Error() != "sh: why" {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (tools{}).run(ctx, nil, "sleep", "9"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
