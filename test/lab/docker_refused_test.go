package lab

import (
	"fmt"
	"strings"
	"testing"
)

// What the server lacks for a container, and a name that Docker does not accept, are
// refused before anything is created.
func TestRealDockerRefusesEarly(t *testing.T) {
	useDocker(t)
	for _, tt := range []struct{ name, from, to, want string }{
		{"pwt-dkmount", "h2: {to", `h2: {mounts: ["away:/gone"], to`, "%s:10: host h2: mount on /gone: "},
		{"pwt-dkbuild", "h2: {to", "h2: {build: away, to", "%s:10: host h2: build"},
		{"pwt-dkname", "node-prefix: NAME-", "node-prefix: ''\nhosts: {h: {to: pe1, vrf: red, addresses: [10.9.0.2/24]}}\nx-rest:", "container h: Docker needs names of at least two characters"},
	} {
		edits := []string{tt.from, tt.to}
		if tt.name == "pwt-dkname" {
			edits = append(edits, "hosts:\n  h1", "x-hosts:\n  h1")
		}
		l := fourHostLab(t, tt.name, edits...)
		want := tt.want
		if strings.Contains(want, "%s") {
			want = fmt.Sprintf(want, l.file)
		}
		if r := pseudowan("up", l.file, "--runtime", "docker"); r.code == 0 || !strings.Contains(r.stderr, want) {
			t.Errorf("%s: exit code %d; want %q in\n%s", tt.name, r.code, want, r.stderr)
		}
		if left := residue(l); len(left) > 0 || containers(t) != "" {
			t.Errorf("%s: created before the refusal: %s\n%s", tt.name, strings.Join(left, "\n"), containers(t))
		}
	}
}
