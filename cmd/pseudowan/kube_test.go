package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pseudowan/topology"
	"pseudowan/topology/compare"
)

// kubectl puts a script in the place of kubectl: pod x-a-0 of site a, which is pending as
// long as there is no file running, and what a command in the pod does. It returns the
// directory in which the script runs.
func kubectl(t *testing.T, inPod string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	script := `#!/bin/sh
cd ` + dir + `
shift 2 # --namespace pw-x
case $1 in
get) phase=Running; [ -e running ] || phase=Pending; touch running
echo '{"items": [{"kind": "StatefulSet", "metadata": {"name": "x-a", "labels": {"pseudowan.site": "a"}}},
{"kind": "Pod", "metadata": {"name": "x-a-0", "labels": {"pseudowan.site": "a"}}, "status": {"phase": "'$phase'"}}]}' ;;
exec) shift 5
` + inPod + "\n;;\nesac\n"
	if err := os.WriteFile(filepath.Join(dir, "kubectl"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return dir
}

// execute runs the program, and returns its exit code and what it prints.
func execute(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

// Wait waits for the pod and for its lab, and then for what was asked.
func TestKubeWait(t *testing.T) {
	kubectl(t, `case $1 in
ps) [ -e up ] && echo '[{"node": "pe1"}]' || echo '[]'; touch up ;;
wait) echo "$@" >waited; [ -e up ] || exit 4 ;;
esac`)
	code, out, errs := execute(t, "wait", "--kube", "pw-x", "--for", "converged", "--timeout", "20s")
	if code != exitOK || out != "1 sites of namespace pw-x: converged\n" {
		t.Errorf("%d, %q, %q", code, out, errs)
	}
}

// What is not there in time is late, not absent.
func TestKubeWaitIsLate(t *testing.T) {
	for name, inPod := range map[string]string{
		"never up":  `[ $1 = ps ] && echo '[]'`,
		"down soon": `[ $1 = ps ] && echo '[{"node": "pe1"}]' || { echo "no lab is running" >&2; exit 4; }`,
	} {
		kubectl(t, inPod)
		code, _, errs := execute(t, "wait", "--kube", "pw-x", "--for", "converged", "--timeout", "1500ms")
		if code != exitNotConverged || !strings.Contains(errs, "site a: ") {
			t.Errorf("%s: %d, %q", name, code, errs)
		}
	}
}

// Commands about a node leave standard input to the loop that they may be in; logs end
// in the pod with the connection.
func TestKubeLeavesStandardInput(t *testing.T) {
	dir := kubectl(t, `[ $1 = ps ] && echo '[{"node": "pe1"}]' || { echo "$@" >>ran; [ $1 = logs ] || exit 0; }`)
	if err := os.WriteFile(filepath.Join(dir, "running"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.CreateTemp(dir, "in")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if _, err := in.WriteString("pe1\n"); err != nil {
		t.Fatal(err)
	}
	before := os.Stdin
	os.Stdin = in
	defer func() { os.Stdin = before }()
	for _, args := range [][]string{{"stop", "pe1"}, {"logs", "pe1", "-f"}} {
		if _, err := in.Seek(0, 0); err != nil {
			t.Fatal(err)
		}
		if code, _, errs := execute(t, append(args, "--kube", "pw-x")...); code != exitOK {
			t.Errorf("%v: %d, %s", args, code, errs)
		}
		if at, err := in.Seek(0, 1); at != 0 || err != nil {
			t.Errorf("%v has read standard input to %d, %v", args, at, err)
		}
	}
	if ran, err := os.ReadFile(filepath.Join(dir, "ran")); string(ran) != "stop pe1\nlogs --follow=true pe1 --while-asked\n" {
		t.Errorf("%s, %v", ran, err)
	}
}

// Paths of a file mean the same in pods, wherever the file is here.
func TestKubeDiffKeepsPaths(t *testing.T) {
	text := []byte("name: a\nrouters: {pe1: {as: 65001}, pe2: {as: 65001}}\nlinks:\n- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}\ndefaults: {bgp: {password: {file: bgp-password}}}\n")
	file := filepath.Join(t.TempDir(), "a.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	running, err := topology.Parse("the lab's file", text)
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := asWritten(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if lines := compare.Lines(running, wanted, compare.Names{}); len(lines) > 0 {
		t.Errorf("%q", lines)
	}
}
