package lab

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"pseudowan/status"
)

// What plan says of a file is what up does with it, and saying it does nothing.
func TestRealPlan(t *testing.T) {
	t.Parallel()
	l := fromText(t, t.TempDir(), "pwt-plan", strings.ReplaceAll(changeable, "NAME", "pwt-plan"))
	says := func(code int, lines ...string) {
		t.Helper()
		r := pseudowan("plan", l.file)
		if r.code != code {
			t.Errorf("plan: exit code %d, want %d: %s%s", r.code, code, r.stdout, r.stderr)
		}
		for _, line := range lines {
			if !strings.Contains(r.stdout, line+"\n") {
				t.Errorf("plan has no line %q:\n%s", line, r.stdout)
			}
		}
	}
	says(2, "red: h1 and h2 will reach each other", "red: pe2 announces 10.2.0.0/24", "lab pwt-plan does not run: up starts it")
	if r := pseudowan("ps", "--lab", l.name); r.code != 4 {
		t.Errorf("after plan, the lab is there: %s", r.stdout)
	}
	l.up(t)
	says(0, "lab pwt-plan: nothing to do")
	must(t, "host", "add", "h3", "to=pe2", "vrf=red", "addresses=10.3.0.2/24", "--lab", l.name)
	must(t, "vrf", "add", "blue", "rts=65000:2", "on=pe1", "--lab", l.name)
	before := must(t, "export", l.name)
	says(2, "red: h1 and h2 will no longer reach h3", "red: h3 will no longer reach h1 and h2", "red: pe2 withdraws 10.3.0.0/24",
		"undoes a change made while the lab ran: host h3: only in the running lab")
	r := pseudowan("plan", l.file, "-o", "json")
	var p status.Preview
	if err := json.Unmarshal([]byte(r.stdout), &p); err != nil || r.code != 2 || !p.Running || len(p.Reach) != 4 || len(p.Nodes) == 0 || p.Reach[0].Gained {
		t.Errorf("plan: %d, %v, %+v", r.code, err, p)
	}
	if r := pseudowan("up", l.file, "--dry-run"); r.code != 2 || !strings.Contains(r.stdout, "will no longer reach h3") {
		t.Errorf("up --dry-run: %d, %s", r.code, r.stdout)
	}
	if now := must(t, "export", l.name); now != before {
		t.Errorf("plan has changed the lab to\n%s", now)
	}
	out := must(t, "up", l.file)
	for _, line := range p.Nodes {
		if !strings.Contains(out, line+"\n") {
			t.Errorf("up did not do %q:\n%s", line, out)
		}
	}
	says(0)
	if err := os.WriteFile(l.file, []byte("name: pwt-plan\nrouters: {pe1: {as: 0}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	says(2)
	if r := pseudowan("plan", "nowhere"); r.code != 4 {
		t.Errorf("plan of nothing: %d, %s", r.code, r.stderr)
	}
}
