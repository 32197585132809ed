package look

import (
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// Events of several sites are told in the order of their times, and none before all sites
// have told of the past.
func TestMergeEvents(t *testing.T) {
	begin := time.Unix(1000, 0)
	at := func(second int, text string) status.Event {
		return status.Event{Time: begin.Add(time.Duration(second) * time.Second), Text: text}
	}
	for name, c := range map[string]struct {
		last int
		want string
	}{"all": {-1, "a b c d e"}, "the last two of the past": {2, "c d e"}} {
		var told []string
		m := merging{sites: 2, last: c.last, hear: func(e status.Event) error {
			told = append(told, e.Text)
			return nil
		}}
		m.add([]status.Event{at(1, "a"), at(3, "c")}, true, begin)
		if err := m.tell(begin.Add(time.Hour)); err != nil || len(told) > 0 {
			t.Errorf("%s: %v is told before the other site has answered; %v", name, told, err)
		}
		m.add([]status.Event{at(2, "b"), at(4, "d")}, true, begin)
		m.add([]status.Event{at(5, "e")}, false, begin.Add(time.Minute))
		if err := m.tell(begin); err != nil {
			t.Error(err)
		}
		if err := m.rest(); err != nil {
			t.Error(err)
		}
		if got := strings.Join(told, " "); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
