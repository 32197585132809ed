package lab

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"pseudowan/labs/catalog"
	"pseudowan/topology"
	"pseudowan/topology/random"
)

// chaosFiles is how many hostile files are brought up by default.
const chaosFiles = 6

// What validate accepts, up brings up: files of the catalogue and random ones, with
// one or a few values replaced by hostile ones. PSEUDOWAN_CHAOS is the duration,
// e.g. 30m; PSEUDOWAN_SEED is the seed of the first file.
func TestRealChaosFiles(t *testing.T) {
	limit, most := 10*time.Minute, chaosFiles
	if text := os.Getenv("PSEUDOWAN_CHAOS"); text != "" {
		var err error
		if limit, err = time.ParseDuration(text); err != nil {
			t.Fatalf("PSEUDOWAN_CHAOS: %v", err)
		}
		most = 1 << 30
	}
	dir, begin := t.TempDir(), time.Now()
	refused, up := 0, 0
	for seed := number(t, "PSEUDOWAN_SEED", 1); up < most && time.Since(begin) < limit; seed++ {
		name := fmt.Sprintf("pwt-chaos%d", seed)
		text, what := hostileFile(t, name, uint64(seed))
		l := fromText(t, dir, name, text)
		if _, err := topology.Parse(l.file, []byte(text)); err != nil {
			refused++
			if r := pseudowan("up", l.file, "--runtime", "netns"); r.code != 2 && r.code != 1 {
				t.Errorf("seed %d: up of a refused file: exit code %d\n%s", seed, r.code, r.stderr)
			}
			continue
		}
		up++
		bringUp(t, l, seed, what, text)
	}
	t.Logf("%d files refused, %d brought up", refused, up)
	if up == 0 || refused == 0 {
		t.Error("the files prove nothing: all are refused, or none is")
	}
}

// bringUp brings a file up and down again, and reports the file if that fails.
func bringUp(t *testing.T, l lab, seed int, what, text string) {
	t.Helper()
	r := pseudowan("up", l.file, "--runtime", "netns", "--timeout", "30s")
	if strings.Contains(r.stderr, "not installed (") { // validate does not look for programs
		return
	}
	if r.code != 0 {
		t.Errorf("seed %d: %s: validate accepts it, but up fails: exit code %d\n%s\n%s", seed, what, r.code, r.stderr, text)
	} else if v := pseudowan("verify", l.name); v.code != 0 {
		t.Errorf("seed %d: %s: verify: exit code %d\n%s%s\n%s", seed, what, v.code, v.stdout, v.stderr, text)
	}
	if d := pseudowan("down", l.name); d.code != 0 && (r.code == 0 || d.code != 4) {
		t.Errorf("seed %d: %s: down: exit code %d\n%s", seed, what, d.code, d.stderr)
	}
}

// hostileFile returns a valid file with up to three values replaced.
func hostileFile(t *testing.T, name string, seed uint64) (text, what string) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 11))
	base := random.New(name, seed, random.Server{}).File()
	if names := small(); r.IntN(2) == 0 {
		base, _ = catalog.Get(names[r.IntN(len(names))])
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(nameLine.ReplaceAllString(string(base), "name: "+name)), &doc); err != nil {
		t.Fatal(err)
	}
	without(doc.Content[0], "expect") // which an edit may contradict
	var places []scalar
	collectScalars(doc.Content[0], "", &places)
	var said []string
	for range 1 + r.IntN(3) {
		p := places[r.IntN(len(places))]
		values := hostile(p.node.Value)
		value := values[r.IntN(len(values))]
		said = append(said, fmt.Sprintf("%s: %q becomes %q", p.path, p.node.Value, value))
		p.node.Value, p.node.Tag = value, ""
	}
	out, err := yaml.Marshal(&doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(out), strings.Join(said, "; ")
}

// without removes a key of a mapping.
func without(m *yaml.Node, key string) {
	for i := 0; i < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			m.Content = slices.Delete(m.Content, i, i+2)
			return
		}
	}
}

// small returns the labs of the catalogue that start within seconds and need nothing
// that a server may lack.
func small() []string {
	return slices.DeleteFunc(catalog.Names(), func(n string) bool { return n == "pseudo-wan" || n == "pseudo-wan-eth1" || n == "ce-bgp" })
}

// scalar is a value in a file, and its place.
type scalar struct {
	path string
	node *yaml.Node
}

// ofPrograms are values of which only a host's programs know what is possible.
var ofPrograms = regexp.MustCompile(`\.env\.|\.files\.|\.services\.[^.[]+(\.command)?\[`)

// collectScalars lists the values of a file, except its name, descriptions and what is
// meant for hosts' programs.
func collectScalars(n *yaml.Node, path string, out *[]scalar) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			if key := n.Content[i].Value; key != "name" && key != "description" && key != "runtime" && key != "datapath" {
				collectScalars(n.Content[i+1], path+"."+key, out)
			}
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			collectScalars(item, fmt.Sprintf("%s[%d]", path, i), out)
		}
	case yaml.ScalarNode:
		if ofPrograms.MatchString(path) {
			return
		}
		*out = append(*out, scalar{path, n})
	}
}

// hostile returns values of the same kind as another, at the limits of what is
// possible.
func hostile(old string) []string {
	switch {
	case strings.Contains(old, "::") && strings.Contains(old, "/"):
		return []string{"::/0", "::1/128", "fe80::2/64", "ff02::1/64", "2001:db8:77::/64", "2001:db8:77::2/64", "2001:db8:77::2/127", "2001:db8:77::2/128", "fc00::2/7", "2000::2/3", "2001:db8:77::2/126", "64:ff9b::2/96", "::ffff:10.0.0.1/120"}
	case strings.Contains(old, "/"):
		return []string{"0.0.0.0/0", "10.77.0.2/0", "10.77.0.2/7", "10.77.0.2/24", "10.77.0.0/24", "10.77.0.255/24", "10.77.0.2/31", "10.77.0.3/31", "10.77.0.2/32", "127.0.0.2/8", "224.0.0.2/24", "240.0.0.2/24", "169.254.0.2/16", "198.18.0.2/15", "223.255.255.254/24", "100.64.0.2/10", "1.0.0.2/30", "128.0.0.2/1"}
	case strings.Count(old, ".") == 3:
		return []string{"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "10.255.255.255", "1.0.0.0", "223.255.255.255", "169.254.1.1"}
	case strings.Contains(old, ":") && strings.Trim(old, "0123456789:") == "":
		return []string{"0:0", "0:4294967295", "65535:0", "65536:65535", "4294967295:1", "1.2.3.4:65535", "1L:1", "23456:1"}
	case strings.Contains(old, ":"):
		router, _, _ := strings.Cut(old, ":")
		return []string{router + ":all", router + ":default", router + ":x", router + ":12345678901", router + ":eth3", router + ":vrf3", router + ":sit0", router + ":1", router + ":a.b-c_d"}
	case strings.Trim(old, "0123456789") == "":
		return []string{"0", "1", "2", "3", "67", "68", "255", "256", "1279", "1280", "9216", "9217", "23456", "65535", "65536", "4294967294", "4294967295", "4294967296"}
	case old == "true" || old == "false":
		return []string{"true", "false"}
	}
	return []string{"", "all", "default", "lo", "none", "hosts", "subnets", "per-vrf", "per-prefix", "per-next-hop", "a b", "ü", "x", strings.Repeat("x", 63), strings.Repeat("x", 64), "full-mesh", "slaac"}
}
