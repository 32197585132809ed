package compare

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/topology"
)

const base = `name: rt
routers:
  pe1: {as: 65001}
  pe2: {as: 65001}
links:
  - ends: [pe1:eth1, pe2:eth1]
    subnets: [192.168.0.0/30]
    bgp: {password: one}
vrfs:
  red: {rts: "65000:1"}
hosts:
  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}
  h2: {to: pe2, vrf: red, addresses: 10.2.0.2/24, announce: 10.20.0.0/16}
`

func parsed(t *testing.T, text string) *topology.Topology {
	t.Helper()
	lab, err := topology.Parse("lab.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return lab
}

func TestLines(t *testing.T) {
	for _, c := range []struct {
		old, new string
		want     []string
	}{
		{"", "", nil},
		{"rts: \"65000:1\"", "rts: \"65000:1\", max-routes: 7", []string{
			`VRF red on pe1: limit is not given, in the file {"max":7}`,
			`VRF red on pe2: limit is not given, in the file {"max":7}`,
		}},
		{", announce: 10.20.0.0/16", "", []string{"route 10.20.0.0/16 via 10.2.0.2 in VRF red of pe2: only in the running lab"}},
		{"10.1.0.2/24", "10.1.0.3/24", []string{`host h1 eth0: addresses is ["10.1.0.2/24"], in the file ["10.1.0.3/24"]`}},
		{"hosts:\n", "hosts:\n  h3: {to: pe2, vrf: blue, rd: 1:1, addresses: 10.3.0.2/24}\n", []string{
			"VRF blue on pe2: only in the file", "VRF red on pe1: rd is 10.255.0.1:1, in the file 10.255.0.1:2", "VRF red on pe2: rd is 10.255.0.2:1, in the file 10.255.0.2:2",
			"host h3: only in the file", "host h3 eth0: only in the file",
		}},
		{"password: one", "password: two", []string{
			"session of pe1 with 192.168.0.2: the password is another in the file", "session of pe2 with 192.168.0.1: the password is another in the file",
		}},
		{"10.1.0.2/24}", "10.1.0.2/24, env: {COLOUR: geheim}, files: {/x: geheim}}", []string{
			"host h1: env is not given, in the file (hidden)", "host h1: files is not given, in the file (hidden)",
		}},
		{"password: one", "password: {env: two}", []string{
			"session of pe1 with 192.168.0.2: the password is another in the file", "session of pe2 with 192.168.0.1: the password is another in the file",
		}},
		{"pe2: {as: 65001}", "pe2: {as: 65001, labels: 5000-5999}", []string{`router pe2: labels is {"first":2000,"last":2999}, in the file {"first":5000,"last":5999}`}},
	} {
		got := Lines(parsed(t, base), parsed(t, strings.Replace(base, c.old, c.new, 1)), Names{"the running lab", "the file"})
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%q for %q (-want +got):\n%s", c.new, c.old, d)
		}
		for _, line := range got {
			if strings.Contains(line, "two") || strings.Contains(line, "geheim") {
				t.Errorf("a password is printed: %s", line)
			}
		}
	}
}

// Whatever is secret is hidden, however deep it is.
func TestSecretsAreHidden(t *testing.T) {
	lab := func(secret, rest string) *topology.Topology {
		return parsed(t, strings.NewReplacer("SECRET", secret, "REST", rest).Replace(`name: rt
routers:
  pe1: {as: 65001}
vrfs:
  red: {rts: "65000:1"}
hosts:
  h1:
    to: pe1
    vrf: red
    addresses: 10.1.0.2/24
    bgp: {as: 65100, password: SECRET1, hold-time: REST}
    env: {COLOUR: SECRET2}
    files: {/etc/key: SECRET3}
    command: [server, --password=SECRET4, "REST"]
    services:
      web: {command: [web, --token, SECRET6, --env, x, --api-key=SECRET5]}
`))
	}
	for rest, want := range map[string][]string{
		"3s": {
			"host h1: command differs in something secret", "host h1: env differs in something secret",
			"host h1: files differs in something secret", "host h1: services differs in something secret",
			"host h1 eth0: bgp differs in something secret",
		},
		"9s": {
			`host h1: command is ["server","--password=********","3s"], in the file ["server","--password=********","9s"]`,
			"host h1: env differs in something secret",
			"host h1: files differs in something secret", "host h1: services differs in something secret",
		},
	} {
		got := Lines(lab("geheim", "3s"), lab("hunter", rest), Names{"the running lab", "the file"})
		for _, line := range got {
			if strings.Contains(line, "geheim") || strings.Contains(line, "hunter") {
				t.Errorf("a secret is printed: %s", line)
			}
		}
		for _, line := range want {
			if !slices.Contains(got, line) {
				t.Errorf("%s: no line %q in\n%s", rest, line, strings.Join(got, "\n"))
			}
		}
		t.Log(strings.Join(got, "\n"))
	}
}
