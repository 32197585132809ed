package lab

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// scripts are those of docs/scripting.md by their titles: the lab of each, and what its
// output and its files must have.
var scripts = map[string]struct {
	lab   string
	wants []string
	check func(t *testing.T, dir string)
}{
	"Provisioning":                               {"provision", []string{"9598:1006110200", "172.45.200.0/24", "lab provision is down"}, nil},
	"Fail-over drill":                            {"drill", []string{"lab drill is down"}, nil},
	"A job of a CI server":                       {"review", []string{"will reach", "lab review is down"}, reported},
	"A capture during a change":                  {"watched", []string{"host add h2", "lab watched is down"}, captured},
	"Many routes, and what they cost the others": {"flood", []string{"\n2000\n", "lab flood is down"}, nil},
}

// The scripts of docs/scripting.md do what they say, as they stand there.
func TestRealScripts(t *testing.T) {
	_, all, _ := strings.Cut(page(t, "docs/scripting.md"), "\n## Five lab scripts\n")
	all, _, _ = strings.Cut(all, "\n## ")
	found := regexp.MustCompile("(?s)\n### ([^\n]+)\n.*?\n```sh\n(.*?)```").FindAllStringSubmatch(all, -1)
	if len(found) != len(scripts) {
		t.Errorf("%d scripts are tested, and the page has %d", len(scripts), len(found))
	}
	for _, script := range found {
		t.Run(script[1], func(t *testing.T) {
			t.Parallel()
			want, known := scripts[script[1]]
			if !known {
				t.Fatal("what must come of it is not known")
			}
			t.Cleanup(func() { pseudowan("down", want.lab) })
			out, dir := runScript(t, script[2])
			t.Log(out)
			for _, line := range want.wants {
				if !strings.Contains(out, line) {
					t.Errorf("it does not print %q:\n%s", line, out)
				}
			}
			if want.check != nil {
				want.check(t, dir)
			}
		})
	}
}

// runScript runs a script in a directory of its own.
func runScript(t *testing.T, text string) (out, dir string) {
	t.Helper()
	dir = t.TempDir()
	sh := exec.Command("sh", "-c", text)
	sh.Dir = dir
	sh.Env = append(os.Environ(), "PATH="+filepath.Dir(program)+":"+os.Getenv("PATH"))
	said, err := sh.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, said)
	}
	return string(said), dir
}

// reported tests that a report is there and that nothing failed.
func reported(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "verify.xml"))
	var report struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
	}
	if err == nil {
		err = xml.Unmarshal(text, &report)
	}
	if err != nil || report.Tests < 20 || report.Failures != 0 {
		t.Errorf("%v, %+v: %.300s", err, report, text)
	}
}

// captured tests that labelled packets are in a file.
func captured(t *testing.T, dir string) {
	t.Helper()
	out := command("tshark", "-r", filepath.Join(dir, "site.pcapng"), "-Y", "mpls && icmp")
	if strings.Count(out.stdout, "\n") != 2 {
		t.Errorf("the capture has %s%s", out.stdout, out.stderr)
	}
}
