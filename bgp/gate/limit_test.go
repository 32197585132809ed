package gate

import (
	"bytes"
	"fmt"
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
		j.publish()
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

// What loops is no announcement of the peer's own: it does not count, as with other
// routers, but there is an end to how much of it is kept.
func TestLoopsDoNotCount(t *testing.T) {
	j := judgeOf(t, 65001, openCaps)
	const limit, loops = 3, 10
	j.SetLimit(Limit{Paths: limit})
	announce := func(path string, from, n int) Verdict {
		t.Helper()
		var nlri string
		for i := range n {
			nlri += fmt.Sprintf("180a%02x00", from+i)
		}
		return j.Received(updateMsg("", "40010100 "+path+hop, nlri))
	}
	const looped, own = "40020a0202 0000fdea 0000fde9", "4002060201 0000fdea"
	if v := announce(looped, 0, loops); v.Refuse != nil || v.Warning != "" || len(v.Strange) != limit || j.Held() != limit {
		t.Errorf("%d loops: %+v, %d kept", loops, v, j.Held())
	}
	if v := announce(looped, 0, 2); v.Refuse != nil || len(v.Strange) != 2 || j.Held() != limit {
		t.Errorf("the same again: %+v, %d kept", v, j.Held())
	}
	if v := announce(own, 100, limit); v.Refuse != nil || j.Held() != 2*limit || j.Accepted() != limit {
		t.Errorf("as many others: %+v, %d kept", v, j.Held())
	}
	if v := announce(looped, 100, 1); v.Refuse != nil || len(v.Strange) != 0 || j.Accepted() != limit-1 || !bytes.Equal(v.Pass, updateMsg("180a6400", "", "")) {
		t.Errorf("one of them loops: %+v, %d shown", v, j.Accepted())
	}
	if v := announce(own, 0, 1); v.Refuse != nil || len(v.Strange) != 1 || !v.Strange[0].Withdrawn || j.Accepted() != limit {
		t.Errorf("a loop is none any more: %+v", v)
	}
	if v := announce(own, 101, 2); v.Refuse != nil || j.rib.looped != limit-1 {
		t.Errorf("the same again: %+v, %d loops", v, j.rib.looped)
	}
	if v := announce(own, 110, 1); !v.Limit || j.Excess() != "more than 3 prefixes" {
		t.Errorf("one more: %+v, %s", v, j.Excess())
	}
}
