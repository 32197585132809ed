package probe

import (
	"fmt"
	"testing"
	"time"
)

// A record is written as a row of requests a second apart: + is answered.
func TestOutages(t *testing.T) {
	begin := time.Unix(0, 0)
	for _, c := range []struct {
		row    string
		before int
		single bool
		want   string // when it began, its length, what was lost, whether it is over
	}{
		{"++++", 9, true, ""},
		{"+--+", 9, false, "1:2s:2:true"},
		{"+-+--+", 9, false, "3:2s:2:true"},
		{"+-+--+", 9, true, "1:1s:1:true 3:2s:2:true"},
		{"++---", 9, false, "2:2s:3:false"},
		{"++---", 4, false, "2:2s:2:false"},
		{"++---", 3, false, ""},
		{"----+", 9, false, "0:4s:4:true"},
		{"", 9, true, ""},
	} {
		var r Record
		for i, x := range c.row {
			r.Sent, r.Answered = append(r.Sent, begin.Add(time.Duration(i)*time.Second)), append(r.Answered, x == '+')
		}
		got := ""
		for _, o := range r.Outages(begin.Add(time.Duration(c.before)*time.Second), c.single) {
			if got != "" {
				got += " "
			}
			got += fmt.Sprintf("%d:%s:%d:%t", o.Began.Unix(), o.Length, o.Lost, o.Over)
		}
		if got != c.want {
			t.Errorf("%s before %d, single %t: %q, want %q", c.row, c.before, c.single, got, c.want)
		}
	}
}
