package main

import (
	"bytes"
	"strings"
	"testing"
)

// Nonsense is refused before anything is touched, and before root is asked for.
func TestLinkAndMeasureRefuse(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"link r12", "takes LINK down|up|impair"},
		{"link r12 sideways", `"sideways" is not down, up or impair`},
		{"link r12 down --loss 5%", "belong to impair"},
		{"link r12 up --rate 1M", "belong to impair"},
		{"link r12 impair", "needs --loss, --delay or --rate"},
		{"link r12 impair --loss 5", `--loss "5" is not a percentage`},
		{"link r12 impair --loss 0%", "above 0"},
		{"link r12 impair --loss 101%", "is not a percentage"},
		{"link r12 impair --loss NaN%", "is not a percentage"},
		{"link r12 impair --delay 0s", "is not a duration"},
		{"link r12 impair --delay -1s", "is not between 0 and 1m"},
		{"link r12 impair --rate 10", "is not between 8K and 100G"},
		{"link r12 impair --rate 101G", "is not between 8K and 100G"},
		{"link r12 impair --rate fast", "is not between 8K and 100G"},
		{"measure a", "takes FROM TO"},
		{"measure a b --every 1us", "--every 1µs is not between"},
		{"measure a b --within 3s", "belong to --while"},
		{"measure a b --for 3s --while ps", "--for is for measuring without --while"},
		{"measure a b --while frobnicate", "is not a command of pseudowan"},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), strings.Fields(c.args), strings.NewReader(""), &out, &errs)
		if code != exitInvalid || !strings.Contains(errs.String(), c.want) {
			t.Errorf("%s: exit code %d, %q; want %d and %q", c.args, code, errs.String(), exitInvalid, c.want)
		}
	}
}
