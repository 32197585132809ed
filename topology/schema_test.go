package topology_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"pseudowan/labs/catalog"
	"pseudowan/topology"
)

var testRuntimes = []topology.Runtime{{Name: "netns"}, {Name: "docker", Containers: true, MinName: 2}, {Name: "vm", Machines: true}}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := topology.Schema(testRuntimes...)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("lab.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("lab.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// check validates YAML as an editor does.
func check(t *testing.T, s *jsonschema.Schema, file []byte) error {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(file, &v); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(textKeys(v))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

// textKeys turns the keys of mappings into strings, as in JSON.
func textKeys(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = textKeys(v[k])
		}
	case map[any]any:
		out := make(map[string]any)
		for k := range v {
			out[fmt.Sprint(k)] = textKeys(v[k])
		}
		return out
	case []any:
		for i := range v {
			v[i] = textKeys(v[i])
		}
	}
	return v
}

func TestSchemaTakesGoodFiles(t *testing.T) {
	s := compileSchema(t)
	files := map[string][]byte{"all forms": []byte(allForms)}
	for _, name := range catalog.Names() {
		files["catalogue "+name], _ = catalog.Get(name)
	}
	for _, name := range []string{"hub-spoke.yaml", "pseudo-wan.yaml"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = data
	}
	for name, data := range files {
		if _, err := topology.Parse(name, data, testRuntimes...); err != nil {
			t.Errorf("%s is refused by Parse:\n%v", name, err)
		}
		if err := check(t, s, data); err != nil {
			t.Errorf("%s is refused by the schema:\n%v", name, err)
		}
	}
}

// allForms has every form of every key.
const allForms = `
name: t
description: every form of every key
runtime: netns
datapath: netdev
label-mode: per-next-hop
x-anything: {goes: here}
defaults: {router: {as: 1, labels: 1000-1999}, host: {runtime: docker, image: a, command: [a, 1], env: {A: 1, B: true}, services: {a: [b, 1], c: {command: [d], ready: up, port: udp 547, after: a, restart: always}, e: {command: [f], once: true, after: [a, c]}}, keep: /var/lib/a, packages: [ab, b-1.0+x], mounts: ["./a:/a", "/b:/b:ro"], memory: 256MiB, cpus: 0.5, mtu: 1500}, bgp: {hold-time: 40s}}
routers: {a: {}, b: {as: 1, id: 10.0.0.1, labels: 16-1048575}}
links:
- {ends: [a:e, b:e], subnets: [10.0.0.0/30, "2001:db8:0::/64"], bgp: full-mesh, mtu: 1512}
- {ends: [a:f, b:f], subnets: [10.0.1.0/30], bgp: none}
- ends:
    a:g: {address: 10.0.2.1/30, mac: "00:00:00:01:01:01", bgp: {passive: true, route-reflector: true, med: 1}}
    b:g: {addresses: [10.0.2.2/30], bgp: {local-pref: 200}}
  subnets: ["2001:db8:1::/64"]
  bgp: {med: 0, local-pref: 1, hold-time: 9, connect-retry: 2, password: 1234, gtsm: true, families: [vpnv4], max-prefixes: 0, next-hop-self: false}
- {nic: eth9, ends: [a:h], subnets: [10.0.9.0/30], bgp: {peer: 10.0.9.2, as: 4200000000, hold-time: 1m30s}}
redistribute: {connected: hosts, static: true}
vrfs:
  red: {rd: 1:1, rts: 1:1, import: [10.0.0.1:2, 4200000000:3], export: [1L:4], label-mode: per-vrf, redistribute: {connected: none}}
hosts:
  long:
    forward: true
    attach:
    - {to: a, vrf: red, addresses: [10.1.0.2/24, slaac], gateway: 10.1.0.254, mac: "02:00:00:00:00:01", mtu: 1400, interface: wan, ra: "2001:db8:9::/64",
       routes: [0.0.0.0/0], announce: [10.2.0.0/16, {prefix: 10.3.0.0/16, next-hop: 10.1.0.3}]}
    lans: [10.4.0.0/24]
    lans-via: [wan]
  one: {build: ./image, mounts: [], memory: 8388608, cpus: 2, attach: {to: b, vrf: red, addresses: 10.5.0.2/24, announce: 10.6.0.0/16}}
  short: {to: b, vrf: 7, rd: 1:7, addresses: slaac, ra: {prefix: "2001:db8:5::/64", lifetime: 600, rdnss: ["2001:db8::53"], dnssl: [example.org], managed: false, other: true, preference: high}}
series:
- {on: b, name: "s{i}", rd: "1:{vrf}", step: /16, step6: /48, lans: 2, mtu: 1400, image: b, rows: [
    {vrfs: [11, 12-13, 77], subnet: 10.1.0.0/24, subnet6: "2001:db8:a::/64", lan: 10.1.64.0/24, lan6: "2001:db8:a:80::/64"}]}
- {to: lan, count: 2, name: "w{i}", mac: "02:00:00:00:00:{i:02x}", addresses: ["10.7.0.1{i}/24"], mtu: "140{i}", command: [a, "{i}"], files: {"/run/{i}": x}}
- {count: 1, name: "vm{i}", to: lan, runtime: vm, kernel: ./k, rootfs: "./r{i}", append: quiet, image: d.iso, firmware: uefi, memory: 64M, cpus: 2}
- {range: 4-5, name: "x{i:02}", forward: true, attach: {to: lan, addresses: [slaac], dad: false, guard: source, allow: "2001:db8:7::/64"}}
segments: {lan: {subnets: [10.7.0.0/24], guard: [ra, dhcp]}, net: {guard: none}}
expect: [long -> one, one !-> short, long -> one via short]
`

func TestSchemaRefusesBadFiles(t *testing.T) {
	s := compileSchema(t)
	const head = "name: t\nrouters: {a: {as: 1}, b: {as: 1}}\n"
	if err := check(t, s, []byte(head)); err != nil {
		t.Fatalf("the head that bad files share is refused: %v", err)
	}
	bad := map[string]string{
		"no name":              "routers: {a: {as: 1}}",
		"no routers":           "name: t",
		"unknown key":          head + "host: {}",
		"unknown nested key":   head + "hosts: {h: {adresses: []}}",
		"AS 0":                 "name: t\nrouters: {a: {as: 0}}",
		"AS that is text":      "name: t\nrouters: {a: {as: x}}",
		"links as a mapping":   head + "links: {ends: [a:e, b:e]}",
		"end without a colon":  head + "links: [{ends: [a, b:e]}]",
		"end as a key":         head + "links: [{ends: {a: {}, b:e: {}}}]",
		"link without ends":    head + "links: [{subnets: []}]",
		"unknown bgp word":     head + "links: [{ends: [a:e, b:e], bgp: mesh}]",
		"unknown bgp key":      head + "links: [{ends: [a:e, b:e], bgp: {metric: 1}}]",
		"address":              head + "hosts: {h: {addresses: [10.1.0.2]}}",
		"runtime":              head + "runtime: lxc",
		"MAC":                  head + "hosts: {h: {mac: 1}}",
		"MED below zero":       head + "links: [{ends: [a:e, b:e], bgp: {med: -1}}]",
		"series without rows":  head + "series: [{on: a, name: x}]",
		"row without VRFs":     head + "series: [{on: a, name: x, rows: [{subnet: 10.0.0.0/24}]}]",
		"announced no prefix":  head + "hosts: {h: {announce: {next-hop: 10.0.0.1}}}",
		"expectation":          head + "expect: [a to b]",
		"route target":         head + "vrfs: {red: {rts: 1}}",
		"forward as a word":    head + "hosts: {h: {forward: maybe}}",
		"label range":          "name: t\nrouters: {a: {as: 1, labels: 1000}}",
		"memory as a word":     head + "hosts: {h: {memory: much}}",
		"CPUs below zero":      head + "hosts: {h: {cpus: -1}}",
		"mount of nothing":     head + "hosts: {h: {mounts: [/a]}}",
		"step without a slash": head + "series: [{on: a, name: x, step: 16, rows: [{vrfs: 1}]}]",
	}
	for name, file := range bad {
		if err := check(t, s, []byte(file)); err == nil {
			t.Errorf("%s: accepted by the schema", name)
		}
		if _, err := topology.Parse("bad", []byte(file), testRuntimes...); err == nil {
			t.Errorf("%s: accepted by Parse", name)
		}
	}
}

// Every key of the schema is described, as editors and the file reference show
// it, in a sentence.
func TestEveryKeyIsDescribed(t *testing.T) {
	text, err := topology.Schema(testRuntimes...)
	if err != nil {
		t.Fatal(err)
	}
	var schema any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	keys := 0
	walkProperties("", schema, func(path string, property map[string]any) {
		keys++
		if d, _ := property["description"].(string); !strings.HasSuffix(d, ".") {
			t.Errorf("%s has the description %q; want a sentence", path, d)
		}
	})
	if keys < 150 {
		t.Errorf("only %d keys were checked", keys)
	}
}

// walkProperties visits every property of a schema, recursively.
func walkProperties(path string, schema any, visit func(path string, property map[string]any)) {
	switch s := schema.(type) {
	case map[string]any:
		properties, _ := s["properties"].(map[string]any)
		for name, property := range properties {
			visit(path+"."+name, property.(map[string]any))
			walkProperties(path+"."+name, property, visit)
		}
		for key, inner := range s {
			if key != "properties" {
				walkProperties(path, inner, visit)
			}
		}
	case []any:
		for _, inner := range s {
			walkProperties(path, inner, visit)
		}
	}
}
