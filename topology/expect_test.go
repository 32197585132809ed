package topology

import (
	"strings"
	"testing"
)

func TestExpectationsAreWrittenAsTheyAreRead(t *testing.T) {
	lines := []string{
		"a -> b", "a !-> b", "a -> b via c", "a -> b via c, d", "a -> b tcp 80", "a !-> b tcp 65535",
		"a -> b tcp 80 as 2001:db8::1", "a -> 10.2.0.9", "a !-> 2001:db8::9", "a -> 10.2.0.9 tcp 22", "a -> 10.2.0.9 via c", "a -> 10.2.0.9 tcp 22 at b", "a -> 10.2.0.9 tcp 22 as 10.1.0.9 at b", "a -> b tcp 80 at c", "a has 2001:db8::1",
	}
	lab, err := Parse("lab.yaml", []byte(base+`hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  b: {to: pe1, vrf: red, addresses: [10.2.0.2/24]}
  c: {to: pe1, vrf: red, addresses: [10.3.0.2/24]}
  d: {to: pe1, vrf: red, addresses: [10.4.0.2/24]}
expect:
- `+strings.Join(lines, "\n- ")))
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range lab.Expect {
		if e.String() != lines[i] {
			t.Errorf("%q is read as %+v, %q", lines[i], e, e)
		}
		if pinged := i < 4; e.Pinged() != pinged {
			t.Errorf("%q: between two hosts: %t", e, e.Pinged())
		}
	}
}
