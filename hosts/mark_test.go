package hosts

import (
	"strings"
	"testing"
)

func TestMarkIsReadAsWritten(t *testing.T) {
	for _, m := range []Mark{
		{Lab: "pseudo-wan", Node: "pe1", Kind: KindRouter},
		{Lab: "pseudo-wan", Node: "host_001_101", Kind: KindHost},
		{Lab: "a=b", Node: "c=d", Kind: KindHost},
		{Lab: "pseudo-wan", Kind: KindLab},
	} {
		if err := m.Check(); err != nil {
			t.Errorf("%q: %v", m, err)
		}
		if got, err := parseMark(m.String()); err != nil || got != m {
			t.Errorf("parseMark(%q) = %+v, %v", m, got, err)
		}
	}
}

func TestMarkThatIsNotOurs(t *testing.T) {
	for _, alias := range []string{
		"", "pseudowan", "uplink", "pseudowan lab=x", "pseudowan lab=x kind=router", "pseudowan lab=x node=y kind=lab",
		"pseudowan lab=x node=y kind=host ", "pseudowan node=y lab=x kind=host", "Pseudowan lab=x node=y kind=host",
		"pseudowan lab=../x node=y kind=host", "pseudowan lab=x node=a/b kind=host", "pseudowan lab=x node=y kind=other",
		"pseudowan lab=x node=" + strings.Repeat("y", 255) + " kind=host",
	} {
		if m, err := parseMark(alias); err == nil {
			t.Errorf("%q is read as %+v", alias, m)
		}
	}
}

func FuzzParseMark(f *testing.F) {
	f.Add("pseudowan lab=pseudo-wan node=pe1 kind=router")
	f.Add("pseudowan lab=x kind=lab")
	f.Fuzz(func(t *testing.T, alias string) {
		m, err := parseMark(alias)
		if err == nil && m.String() != alias {
			t.Errorf("%q is read as %q", alias, m)
		}
	})
}
