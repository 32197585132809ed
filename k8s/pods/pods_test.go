package pods

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for s, want := range map[string]Lab{
		"pw-a": {"", "pw-a"}, "kind/pw-a": {"kind", "pw-a"}, "arn:aws:eks:1:cluster/x/pw-a": {"arn:aws:eks:1:cluster/x", "pw-a"},
	} {
		if got, err := Parse(s); err != nil || got != want {
			t.Errorf("%q: %+v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "/", "kind/", "/pw-a", "--all-namespaces", "kind/-A"} {
		if l, err := Parse(s); err == nil {
			t.Errorf("%q is accepted: %+v", s, l)
		}
	}
}

// kubectl puts a script in the place of kubectl: pods a and b, and what a command in a
// pod does.
func kubectl(t *testing.T, inPod string) {
	t.Helper()
	dir := t.TempDir()
	script := `#!/bin/sh
shift 2 # --namespace pw-x
case $1 in
get) echo '{"items": [{"kind": "StatefulSet", "metadata": {"name": "x-a", "labels": {"pseudowan.site": "a"}}}, {"kind": "StatefulSet", "metadata": {"name": "x-b", "labels": {"pseudowan.site": "b"}}},
{"kind": "Pod", "metadata": {"name": "x-b-0", "labels": {"pseudowan.site": "b"}}, "status": {"phase": "'${PHASE:-Running}'"}}, {"kind": "Pod", "metadata": {"name": "x-a-0", "labels": {"pseudowan.site": "a"}}, "status": {"phase": "Running"}}]}' ;;
exec) pod=$3; shift 5
` + inPod + "\n;;\nesac\n"
	if err := os.WriteFile(filepath.Join(dir, "kubectl"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

var x = Lab{Namespace: "pw-x"}

func TestRowsOfAllPods(t *testing.T) {
	kubectl(t, `echo "[\"$pod $*\"]"`)
	rows, err := Rows[string](context.Background(), x, "show", "peer")
	if err != nil || strings.Join(rows, ", ") != "x-a-0 show peer -o json, x-b-0 show peer -o json" {
		t.Errorf("%q, %v", rows, err)
	}
}

// A pod that does not answer does not hide the others.
func TestRowsWithoutAPod(t *testing.T) {
	kubectl(t, `[ "$pod" = x-a-0 ] && echo '["a"]' || { echo "error: pod is gone" >&2; exit 1; }`)
	rows, err := Rows[string](context.Background(), x, "ps")
	if len(rows) != 1 || err == nil || !strings.Contains(err.Error(), "site b: error: pod is gone") {
		t.Errorf("%q, %v", rows, err)
	}
}

func TestOf(t *testing.T) {
	kubectl(t, `echo "[{\"node\": \"h-$pod\"}]"`)
	if p, err := x.Of(context.Background(), "h-x-b-0"); err != nil || p.Site != "b" {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := x.Of(context.Background(), "h9"); err == nil || !strings.Contains(err.Error(), "has a node h9") {
		t.Errorf("%v", err)
	}
}

var step = []Words{{"key", "secret"}, {"ready", "go"}}

// Nobody goes on before all are ready, and all get the same secret.
func TestTogether(t *testing.T) {
	dir := t.TempDir()
	kubectl(t, `echo key; read k; touch `+dir+`/$pod; [ "$pod" = x-a-0 ] || sleep 0.3; echo ready; read go
echo "[\"$pod $k $go $(ls `+dir+` | tr '\n' ' ')\"]"`)
	rows, err := Together[string](context.Background(), x, step, "verify")
	if err != nil || strings.Join(rows, ", ") != "x-a-0 secret go x-a-0 x-b-0 , x-b-0 secret go x-a-0 x-b-0 " {
		t.Errorf("%q, %v", rows, err)
	}
}

// A site without a pod, or whose pod has no lab yet, is named.
func TestUnready(t *testing.T) {
	kubectl(t, `[ "$pod" = x-a-0 ] && echo '[]' || echo '[{"node": "b"}]'`)
	if lines, err := x.Unready(context.Background()); err != nil || strings.Join(lines, "\n") != "site a: its lab is not running" {
		t.Errorf("%q, %v", lines, err)
	}
	t.Setenv("PHASE", "Pending")
	if lines, err := x.Unready(context.Background()); err != nil || strings.Join(lines, "\n") != "site b: no pod of it is running\nsite a: its lab is not running" {
		t.Errorf("%q, %v", lines, err)
	}
}

// One that fails ends the others, which would wait for ever.
func TestTogetherFails(t *testing.T) {
	kubectl(t, `echo key; read k; [ "$pod" = x-a-0 ] && { echo "no lab" >&2; exit 1; }; echo ready; read go; sleep 60`)
	if rows, err := Together[string](context.Background(), x, step, "verify"); err == nil || !strings.Contains(err.Error(), "site a: no lab") {
		t.Errorf("%q, %v", rows, err)
	}
}

// A site whose pod does not run is named, and what the others say is told all the same;
// a test of all sites is none without it.
func TestSiteWithoutAPod(t *testing.T) {
	kubectl(t, `echo "[\"$pod\"]"`)
	t.Setenv("PHASE", "Pending")
	rows, err := Rows[string](context.Background(), x, "ps")
	if len(rows) != 1 || err == nil || !strings.Contains(err.Error(), "no pod is running for site b") {
		t.Errorf("%q, %v", rows, err)
	}
	if rows, err := Together[string](context.Background(), x, step, "verify"); err == nil || !strings.Contains(err.Error(), "site b") {
		t.Errorf("%q, %v", rows, err)
	}
}
