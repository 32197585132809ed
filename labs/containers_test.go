package labs

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"pseudowan/labs/labstest"
	"pseudowan/labs/plan"
	"pseudowan/topology"
)

// What a file names and the server does not have is refused with the line of the
// file, before Docker is asked.
func TestContainersOfNothing(t *testing.T) {
	dir := t.TempDir()
	of := func(settings string) *plan.Plan {
		t.Helper()
		top, err := topology.Parse("lab.yaml", []byte(`name: t
routers: {pe1: {as: 65001}}
vrfs: {red: {rts: "1:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24], runtime: docker}
  b:
    to: pe1
    vrf: red
    addresses: [10.2.0.2/24]
    runtime: docker
    `+settings+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		return labstest.Plan(t, top)
	}
	check := func(what string, err error, want string) {
		t.Helper()
		if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v; want %q and that it does not exist", what, err, want)
		}
	}
	check("mount", checkMounts(of(fmt.Sprintf(`mounts: ["%s:/there", "%[1]s/away:/gone"]`, dir)), "lab.yaml"),
		"lab.yaml:11: host b: mount on /gone: stat "+filepath.Join(dir, "away"))
	check("build", tagBuilds(labstest.Runtimes(t), of("build: "+dir+"/away"), "lab.yaml"), "lab.yaml:11: host b: build")
	if err := checkMounts(of(fmt.Sprintf(`mounts: ["%s:/there"]`, dir)), "lab.yaml"); err != nil {
		t.Errorf("a mount whose source exists: %v", err)
	}
}
