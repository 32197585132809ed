package show

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

func TestPhases(t *testing.T) {
	const ms = time.Millisecond
	phases := []status.Phase{
		{Name: "making hosts", Begin: 30 * ms, Took: 12 * ms},
		{Name: "reading the file", Begin: 0, Took: 3 * ms},
		{Name: "starting", Router: "pe1", Begin: 42 * ms, Took: 200 * ms},
		{Name: "converging", Router: "pe1", Begin: 242 * ms, Took: 100 * ms},
		{Name: "starting", Router: "pe2", Begin: 42 * ms, Took: 350 * ms},
	}
	var b strings.Builder
	if err := Phases(&b, phases); err != nil {
		t.Fatal(err)
	}
	want := `phase              from   took
----------------  -----  -----
reading the file   0 ms   3 ms
making hosts      30 ms  12 ms

router  starting  converging  ready after
------  --------  ----------  -----------
pe2       350 ms           -       392 ms
pe1       200 ms      100 ms       342 ms
`
	if b.String() != want {
		t.Errorf("%s\nwant\n%s", b.String(), want)
	}
	for i := range 20 {
		phases = append(phases, status.Phase{Name: "starting", Router: fmt.Sprintf("r%d", i), Took: ms})
	}
	b.Reset()
	if err := Phases(&b, phases); err != nil || !strings.HasSuffix(b.String(), "and 12 routers that were ready earlier\n") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestPhaseTrace(t *testing.T) {
	var b bytes.Buffer
	err := PhaseTrace(&b, []status.Phase{
		{Name: "converging", Router: "pe1", Begin: 5 * time.Millisecond, Took: time.Millisecond},
		{Name: "making hosts", Begin: time.Millisecond, Took: 2 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	var trace struct {
		Events []traceEvent `json:"traceEvents"`
	}
	if err := json.Unmarshal(b.Bytes(), &trace); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range trace.Events {
		got = append(got, fmt.Sprintf("%s %s %d+%d lane %d %s", e.Kind, e.Name, e.Begin, e.Took, e.Lane, e.Args["name"]))
	}
	want := "M thread_name 0+0 lane 1 lab; X making hosts 1000+2000 lane 1 ; M thread_name 0+0 lane 2 router pe1; X converging 5000+1000 lane 2 "
	if strings.Join(got, "; ") != want {
		t.Errorf("%q", got)
	}
}
