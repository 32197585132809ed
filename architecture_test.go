// Package pseudowan_test guards the map of the rooms: which package may import
// which, and which files may import the two large libraries.
package pseudowan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "pseudowan"

// maxLines keeps files small enough to read in one go.
const maxLines = 400

// rooms says which packages of this project each package may import. The rule of a
// package is that of its own name, else of the longest "x/...", which stands for x and
// everything below.
var rooms = map[string][]string{
	"bgp/vpn":       {},
	"bgp/session":   {"bgp/vpn"},
	"bgp/policy":    {"bgp/vpn"},
	"bgp/gate":      {"bgp/policy", "bgp/vpn"},
	"bgp/inner":     {},
	"bgp/bmp":       {},
	"bgp/mrt":       {},
	"bgp/monitor":   {"bgp/bmp", "bgp/gate", "bgp/mrt"},
	"bgp/collector": {"bgp/bmp", "bgp/vpn", "status"},
	"bgp/inject":    {"bgp/mrt", "bgp/vpn"},
	"bgp/...":       {"bgp/..."},
	"ovs/...":       {"ovs/...", "checksum"},
	"logfile":       {},
	"checksum":      {},
	"hosts/...":     {"hosts/...", "checksum", "logfile"},
	"hosts/server":  {"hosts"},
	"topology/...":  {"topology/...", "bgp/policy", "bgp/session", "bgp/vpn"},
	"topology":      {"bgp/policy", "bgp/session", "bgp/vpn"},
	"status":        {},
	"test/...":      {}, // tests, and what makes a page of them
	"verify":        {"topology", "status"},
	"audit":         {"status"},
	"capture":       {},
	"support":       {},
	"trace":         {"topology", "status"},
	"doctor":        {"status"},
	"show/...":      {"show/...", "status", "bgp/vpn"},
	"docs/generate": {"api/v1", "show", "status", "doctor"},
	"api":           {},
	"api/v1":        {"hosts/impair", "labs", "labs/look", "status", "topology", "topology/edit"},
	"api/client":    {"status", "topology/edit"},
	"api/original":  {"status", "topology", "topology/edit"},
	"cmd/pseudowan": {"api", "api/original", "api/v1", "bgp/collector", "capture", "hosts/impair", "k8s/...", "labs", "labs/catalog", "labs/injection", "labs/keeper", "labs/look", "labs/pod", "status", "topology/...", "show", "logfile"},

	"topology/compare": {"topology", "support"}, // which names are of secrets

	"router/bfd":       {},
	"router/config":    {"topology", "bgp/policy", "bgp/session", "bgp/vpn"},
	"router/admit":     {"router/config", "router/fib", "bgp", "bgp/policy", "bgp/vpn", "ovs/pipeline", "topology"},
	"router/fib":       {"ovs/pipeline"},
	"router/kernel":    {},
	"router/uplink":    {},
	"router/meter":     {"router/config", "ovs"},
	"router/mplsecho":  {"bgp/vpn"},
	"router/neighbor":  {},
	"router/rowstream": {},
	"router/slowpath":  {},
	"router/transport": {"router/config", "router/fib", "router/kernel", "router/meter", "ovs/pipeline"},
	"router/access":    {"router/config", "router/fib", "router/meter", "router/neighbor", "router/slowpath", "ovs/pipeline", "topology"},
	"router/vrf":       {"router/access", "router/admit", "router/config", "router/fib", "router/kernel", "router/meter", "router/neighbor", "router/transport", "bgp", "bgp/policy", "bgp/vpn", "ovs/pipeline", "topology"},
	"router/lsp":       {"router/admit", "router/config", "router/fib", "router/transport", "router/vrf", "bgp", "bgp/vpn", "ovs/pipeline"},
	"router/border":    {"router/config", "router/fib", "router/transport", "router/vrf", "bgp", "bgp/vpn", "ovs/pipeline"},
	"router/ce":        {"router/access", "router/config", "router/fib", "router/kernel", "router/neighbor", "router/vrf", "bgp", "bgp/monitor", "bgp/vpn", "ovs/pipeline"},
	"router":           {"router/...", "status", "bgp", "bgp/gate", "bgp/monitor", "bgp/policy", "bgp/session", "bgp/vpn", "ovs", "ovs/pipeline", "topology"},

	"k8s":            {"topology", "topology/sites"},
	"k8s/pods":       {"k8s"},
	"labs/pod":       {"labs", "labs/catalog", "labs/inventory", "labs/plan", "labs/store", "hosts", "router/config", "status", "topology"},
	"labs/catalog":   {"topology", "status"},
	"labs/plan":      {"topology", "topology/sites", "router/config", "hosts", "hosts/guard", "bgp/policy", "bgp/session", "bgp/vpn"},
	"labs/preview":   {"topology", "status"}, // what a file would do
	"labs/store":     {"labs/plan", "router/config", "status", "topology"},
	"labs/inventory": {"labs/plan", "labs/store", "hosts", "hosts/drivers", "hosts/service", "status", "topology"},
	"labs/build":     {"labs/plan", "hosts", "hosts/guard", "hosts/service", "router", "router/config", "topology"},
	"labs/keeper":    {"labs/build", "labs/inventory", "labs/plan", "labs/store", "hosts", "hosts/drivers", "hosts/resolver", "hosts/service", "router", "router/bfd", "status", "topology", "logfile"},
	"labs/injection": {"labs/build", "labs/inventory", "labs/keeper", "labs/plan", "labs/store", "bgp/inject", "bgp/vpn", "doctor", "hosts", "router", "router/config", "status", "topology"},
	"labs/labstest":  {"labs/inventory", "labs/plan", "hosts", "topology"},
	"labs/look":      {"audit", "capture", "support", "hosts/tap", "labs/build", "labs/catalog", "labs/inventory", "labs/plan", "labs/store", "hosts", "hosts/guard", "hosts/impair", "hosts/probe", "hosts/service", "router", "router/config", "status", "topology", "trace", "verify", "doctor", "logfile"},
	"labs":           {"labs/...", "hosts", "hosts/drivers", "hosts/impair", "hosts/server", "hosts/service", "bgp/session", "router", "router/config", "status", "topology", "topology/compare", "topology/edit", "topology/sites", "doctor"},
}

// confined says in which files a library may be imported, tests apart.
var confined = []struct {
	library string   // import path prefix
	files   []string // path.Match patterns, relative to the module
}{
	{"github.com/osrg/gobgp/", []string{"bgp/gobgp*.go", "bgp/collector/codec*.go", "bgp/inject/codec*.go"}},
	{"github.com/docker/docker/", []string{"hosts/docker/*.go"}},
	{"github.com/cilium/ebpf", []string{"hosts/server/*.go"}},
}

// stack lists the libraries that users of the project have chosen for it: what one of
// them does is not done by another, or by our own code.
var stack = []string{
	"github.com/osrg/gobgp/v3", "github.com/digitalocean/go-openvswitch", "github.com/docker/docker/client",
	"github.com/vishvananda/netns", "github.com/spf13/cobra",
}

func TestStack(t *testing.T) {
	all := packages(t)
	for _, library := range stack {
		uses := func(p pkg) bool {
			return slices.ContainsFunc(p.Imports, func(i string) bool { return i == library || strings.HasPrefix(i, library+"/") })
		}
		if !slices.ContainsFunc(all, uses) {
			t.Errorf("nothing imports %s", library)
		}
	}
}

// banned are names that do not say what a package owns.
var banned = []string{"common", "helpers", "misc", "types", "util", "utils"}

// pkg is what these tests need from `go list -json`.
type pkg struct {
	Dir        string
	ImportPath string
	GoFiles    []string
	Imports    []string
}

// name returns the import path relative to the module.
func (p pkg) name() string { return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/") }

// packages lists the packages of the module that have code besides tests.
func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=Dir,ImportPath,GoFiles,Imports", "./...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var all []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		t.Fatal("go list found no package")
	}
	return all
}

func TestRooms(t *testing.T) {
	for _, p := range packages(t) {
		for _, broken := range violations(p) {
			t.Error(broken)
		}
	}
}

// violations returns the imports of p that its room does not allow.
func violations(p pkg) []string {
	allowed, ok := ruleFor(p.name())
	if !ok {
		return []string{fmt.Sprintf("package %s belongs to no room: give it a rule here and a place in the map of %s", p.name(), mapPage)}
	}
	var broken []string
	for _, imported := range p.Imports {
		name, ours := strings.CutPrefix(imported, module+"/")
		if ours && !slices.ContainsFunc(allowed, func(a string) bool { return matches(a, name) }) {
			broken = append(broken, fmt.Sprintf("package %s imports %s, which its room must not know", p.name(), name))
		}
	}
	return broken
}

// ruleFor finds the rule of a package. A rule for the package alone takes precedence over
// one for a whole tree.
func ruleFor(name string) (allowed []string, ok bool) {
	if allowed, ok = rooms[name]; ok {
		return allowed, true
	}
	longest := -1
	for pattern, a := range rooms {
		if matches(pattern, name) && len(pattern) > longest {
			longest, allowed, ok = len(pattern), a, true
		}
	}
	return allowed, ok
}

func matches(pattern, name string) bool {
	root, below := strings.CutSuffix(pattern, "/...")
	return name == root || below && strings.HasPrefix(name, root+"/")
}

func TestViolationsAreSeen(t *testing.T) {
	for _, tt := range []struct {
		name, imported string
		allowed        bool
	}{
		{"bgp", "bgp/vpn", true},
		{"bgp/vpn", "bgp", false},
		{"bgp", "ovs", false},
		{"ovs", "bgp/vpn", false},
		{"hosts", "topology", false},
		{"hosts/inner", "hosts", true},
		{"topology", "bgp/vpn", true},
		{"topology", "bgp", false},
		{"status", "bgp/vpn", false},
		{"router/fib", "ovs/pipeline", true},
		{"router/fib", "router", false},
		{"router/kernel", "router/config", false},
		{"router/transport", "router/vrf", false},
		{"router/transport", "bgp", false},
		{"router/access", "router/vrf", false},
		{"router/vrf", "router/ce", false},
		{"router/vrf", "router/lsp", false},
		{"router/vrf", "router/border", false},
		{"router/vrf", "router", false},
		{"router/ce", "router", false},
		{"labs/plan", "router", false},
		{"router", "hosts", false},
		{"labs", "router", true},
		{"labs", "show", false},
		{"labs", "cmd/pseudowan", false},
		{"show", "status", true},
		{"show", "labs", false},
		{"cmd/pseudowan", "router", false},
		{"cmd/pseudowan", "hosts", false},
		{"cmd/pseudowan", "doctor", false},
		{"cmd/pseudowan", "topology/diagram", true},
		{"labs", "doctor", true},
		{"labs", "topology/diagram", false},
		{"topology", "topology/diagram", false},
		{"topology/diagram", "topology", true},
		{"doctor", "status", true},
		{"labs", "trace", false},
		{"labs/look", "trace", true},
		{"labs/keeper", "labs/look", false},
		{"labs/plan", "labs/store", false},
		{"verify", "labs", false},
		{"verify", "hosts", false},
		{"trace", "verify", false},
		{"trace", "ovs", false},
		{"doctor", "labs", false},
		{"doctor", "hosts", false},
		{"nowhere", "bgp/vpn", false},
		{"showcase", "status", false},
	} {
		p := pkg{ImportPath: module + "/" + tt.name, Imports: []string{"fmt", module + "/" + tt.imported}}
		if got := len(violations(p)) == 0; got != tt.allowed {
			t.Errorf("%s imports %s: allowed %v, want %v", tt.name, tt.imported, got, tt.allowed)
		}
	}
}

func TestPackagesAreNamedAndDocumented(t *testing.T) {
	for _, p := range packages(t) {
		if slices.Contains(banned, path.Base(p.name())) {
			t.Errorf("package %s: the name does not say what it owns", p.name())
		}
		if !slices.Contains(p.GoFiles, "doc.go") {
			t.Errorf("package %s has no doc.go that says what it owns and must not contain", p.name())
		}
	}
}

func TestLibrariesAreConfined(t *testing.T) {
	for _, p := range packages(t) {
		for _, file := range p.GoFiles {
			name := path.Join(p.name(), file)
			for _, imported := range importsOf(t, filepath.Join(p.Dir, file)) {
				for _, c := range confined {
					if strings.HasPrefix(imported, c.library) && !slices.ContainsFunc(c.files, func(pattern string) bool { return matchesFile(t, pattern, name) }) {
						t.Errorf("%s imports %s: only %s may", name, imported, strings.Join(c.files, " and "))
					}
				}
			}
		}
	}
}

func importsOf(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var imports []string
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		imports = append(imports, imported)
	}
	return imports
}

func matchesFile(t *testing.T, pattern, name string) bool {
	t.Helper()
	ok, err := path.Match(pattern, name)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func TestFilesAreShort(t *testing.T) {
	for _, p := range packages(t) {
		for _, file := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, file))
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(text, []byte("\n")); n > maxLines {
				t.Errorf("%s has %d lines, more than %d: split it by what it owns", path.Join(p.name(), file), n, maxLines)
			}
		}
	}
}

// handles are the functions that open netlink sockets, with the number of
// arguments that they take before the list of protocols.
var handles = map[string]int{"NewHandle": 0, "NewHandleAt": 1, "NewHandleAtFrom": 2}

// A netlink handle without a list of protocols opens all that the library knows, which
// fails if the kernel lacks one of them (XFRM, netfilter).
func TestNetlinkHandlesNameTheirProtocols(t *testing.T) {
	calls := 0
	err := filepath.WalkDir(".", func(file string, entry os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && file != ".":
			return filepath.SkipDir // setup.sh keeps a Go there
		case filepath.Ext(file) != ".go":
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			return err
		}
		n, open := handlesIn(parsed)
		calls += n
		for _, name := range open {
			t.Errorf("%s: netlink.%s without a list of protocols", file, name)
		}
		return nil
	})
	if err != nil || calls == 0 {
		t.Fatalf("%d calls found: %v", calls, err)
	}
}

// handlesIn counts the calls that open netlink handles, and names those without a list of
// protocols.
func handlesIn(f *ast.File) (calls int, open []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		function, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		library, ok := function.X.(*ast.Ident)
		before, opens := handles[function.Sel.Name]
		if !ok || library.Name != "netlink" || !opens {
			return true
		}
		calls++
		if len(call.Args) <= before {
			open = append(open, function.Sel.Name)
		}
		return true
	})
	return calls, open
}

func TestOpenNetlinkHandlesAreSeen(t *testing.T) {
	const text = `package p
func f() {
	netlink.NewHandle()
	netlink.NewHandle(unix.NETLINK_ROUTE)
	netlink.NewHandleAt(ns)
	netlink.NewHandleAt(ns, unix.NETLINK_ROUTE)
	netlink.NewHandleAtFrom(to, from)
	other.NewHandle()
}`
	parsed, err := parser.ParseFile(token.NewFileSet(), "p.go", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	calls, open := handlesIn(parsed)
	if want := []string{"NewHandle", "NewHandleAt", "NewHandleAtFrom"}; calls != 5 || !slices.Equal(open, want) {
		t.Errorf("%d calls, of which %q name no protocol; want 5 and %q", calls, open, want)
	}
}
