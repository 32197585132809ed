package gate

import (
	"strings"
	"testing"
)

func TestLimitThatWarns(t *testing.T) {
	j := NewJudge(Config{})
	j.SetLimit(Limit{Paths: 10, Warn: 50, WarnOnly: true})
	fill := func(n int) (v Verdict) {
		clear(j.rib.paths)
		for i := range n {
			j.rib.paths[key{bits: uint8(i)}] = inPath{}
		}
		j.count.Store(int64(n))
		j.checkLimits(&v)
		return v
	}
	for _, step := range []struct {
		paths int
		want  string
	}{{4, ""}, {5, "5 prefixes received, of at most 10"}, {9, ""}, {11, "11 prefixes received, more than 10"}, {12, ""}, {9, ""}, {4, ""}, {6, "6 prefixes received, of at most 10"}} {
		if v := fill(step.paths); v.Warning != step.want || v.Refuse != nil {
			t.Errorf("%d paths: %+v; want %q", step.paths, v, step.want)
		}
	}
	if j.SetLimit(Limit{Paths: 5, WarnOnly: true}) || !j.SetLimit(Limit{Paths: 5}) {
		t.Error("a limit that only warns ends the session, or another does not")
	}
	if v := fill(6); v.Refuse == nil || !v.Limit || !strings.Contains(j.Excess(), "more than 5") {
		t.Errorf("%+v, %s", v, j.Excess())
	}
}
