package k8s

import (
	"bytes"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"pseudowan/labs/catalog"
	"pseudowan/topology"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func render(t *testing.T, name string, text []byte, o Options) ([]byte, error) {
	t.Helper()
	top, err := topology.Parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	files, err := Render(top, text, o)
	return Join(files), err
}

func TestRenderGolden(t *testing.T) {
	for lab, perSite := range map[string]int{"pseudo-wan": 1, "hub-spoke": 2} {
		t.Run(lab, func(t *testing.T) {
			text, _ := catalog.Get(lab)
			got, err := render(t, lab, text, Options{Image: "pseudowan-site:latest", PerSite: perSite})
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", lab+".yaml")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s is not what is rendered; see the difference after go test ./k8s -update", golden)
			}
		})
	}
}

// A pod has no rights in the cluster and no more than its capabilities in its node.
func TestPodsHaveNoRights(t *testing.T) {
	text, _ := catalog.Get("core")
	out, err := render(t, "core", text, Options{Image: "i", PerSite: 1})
	if err != nil {
		t.Fatal(err)
	}
	sets := 0
	for d := yaml.NewDecoder(bytes.NewReader(out)); ; {
		var o struct {
			Kind string
			Spec struct {
				Template struct {
					Spec struct {
						AutomountServiceAccountToken *bool `yaml:"automountServiceAccountToken"`
						HostNetwork, HostPID         bool
						Containers                   []struct {
							SecurityContext struct {
								Privileged   bool
								Capabilities struct{ Add, Drop []string }
							} `yaml:"securityContext"`
						}
					}
				}
			}
		}
		err := d.Decode(&o)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch o.Kind {
		case "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding":
			t.Errorf("there is a %s", o.Kind)
		case "StatefulSet":
			sets++
			spec := o.Spec.Template.Spec
			c := spec.Containers[0].SecurityContext
			if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken || spec.HostNetwork || spec.HostPID || c.Privileged ||
				fmt.Sprint(c.Capabilities) != "{[NET_ADMIN NET_RAW SYS_ADMIN NET_BIND_SERVICE] [ALL]}" {
				t.Errorf("a pod has more rights than it needs: %+v", spec)
			}
		}
	}
	if sets != 7 {
		t.Errorf("%d sites, want one for each of the lab's 7 routers", sets)
	}
}

func TestRenderRefuses(t *testing.T) {
	text, _ := catalog.Get("pseudo-wan")
	for name, c := range map[string]struct {
		text string
		want string
	}{
		"a long name": {strings.Replace(string(text), "name: pseudo-wan", "name: a-very-long-name-of-a-lab", 1), "1 to 20 letters"},
		"a long file": {string(text) + strings.Repeat("# filler\n", 1<<17), "a ConfigMap holds"},
	} {
		if _, err := render(t, name, []byte(c.text), Options{Image: "i", PerSite: 1}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// A small edit does not change what a pod asks for, as its pod would be made again.
func TestMemoryIsCoarse(t *testing.T) {
	text, _ := catalog.Get("pseudo-wan")
	before, err := render(t, "a", text, Options{Image: "i", PerSite: 1})
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(text), "vrfs: 101-103, subnet: 10.1.0.0/24", "vrfs: 101-102, subnet: 10.1.0.0/24", 1)
	after, err := render(t, "a", []byte(edited), Options{Image: "i", PerSite: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, b, _ := strings.Cut(string(before), "kind: StatefulSet")
	_, a, _ := strings.Cut(string(after), "kind: StatefulSet")
	if a != b {
		t.Error("three hosts less make other pods")
	}
}

// What may not be read stands in the Secret, and nowhere else.
func TestPasswordsAreSecret(t *testing.T) {
	text, _ := catalog.Get("pseudo-wan")
	with := func(password string) string {
		return strings.Replace(string(text), "routers:", "defaults: {bgp: {password: "+password+"}}\nrouters:", 1)
	}
	const secret = "aSecretOfMany"
	encoded := base64.StdEncoding.EncodeToString([]byte(secret))
	for name, c := range map[string]struct {
		text      string
		passwords []Password
		open      bool   // the topology is in the ConfigMap
		want      string // in the Secret
	}{
		"none":        {string(text), nil, true, "data: {}"},
		"in the text": {with(secret), nil, false, "lab.yaml: "},
		"in the text, where nobody uses it": {
			strings.Replace(with(secret), "med: 100}", "med: 100, password: {file: bgp-password}}", 1),
			[]Password{{File: "bgp-password", Text: "another"}}, false, "lab.yaml: ",
		},
		"in a file":     {with("{file: bgp-password}"), []Password{{File: "bgp-password", Text: secret}}, true, "bgp-password: " + encoded},
		"in a variable": {with("{env: BGP_PASSWORD}"), []Password{{Env: "BGP_PASSWORD", Text: secret}}, true, "env.BGP_PASSWORD: " + encoded},
	} {
		top, err := topology.Parse(name, []byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		files, err := Render(top, []byte(c.text), Options{Image: "i", PerSite: 1, Passwords: c.passwords})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			switch f.Name {
			case "secret.yaml":
				if !strings.Contains(string(f.Text), c.want) {
					t.Errorf("%s: the Secret is\n%s", name, f.Text)
				}
			case "configmap.yaml":
				if bytes.Contains(f.Text, []byte("lab.yaml")) != c.open {
					t.Errorf("%s: the ConfigMap is\n%s", name, f.Text)
				}
				fallthrough
			default:
				if bytes.Contains(f.Text, []byte(secret)) || bytes.Contains(f.Text, []byte(encoded)) {
					t.Errorf("%s: %s has the password", name, f.Name)
				}
			}
		}
	}
	for _, file := range []string{"../password", "/etc/password", "lab.yaml", "a/b"} {
		top, err := topology.Parse("x", text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Render(top, text, Options{Image: "i", PerSite: 1, Passwords: []Password{{File: file, Text: "x"}}}); err == nil || !strings.Contains(err.Error(), "beside the lab's file") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// Some sites alone have what all have in common, and the base lists every file.
func TestSomeSites(t *testing.T) {
	text, _ := catalog.Get("core")
	top, err := topology.Parse("core", text)
	if err != nil {
		t.Fatal(err)
	}
	files, err := Render(top, text, Options{Image: "i", PerSite: 1, Sites: []string{"rr", "p1", "rr"}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	const want = "namespace.yaml serviceaccount.yaml configmap.yaml secret.yaml service.yaml networkpolicy.yaml site-rr.yaml site-p1.yaml"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	base := string(Kustomization(files).Text)
	for _, name := range names {
		if !strings.Contains(base, "  - "+name+"\n") {
			t.Errorf("the base lacks %s:\n%s", name, base)
		}
	}
	if _, err := Render(top, text, Options{Image: "i", PerSite: 1, Sites: []string{"p3"}}); err == nil || !strings.Contains(err.Error(), "no site p3; the lab has pe1") {
		t.Errorf("%v", err)
	}
}
