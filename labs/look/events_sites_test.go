package look

import (
	"context"
	"fmt"
	"net"
	"net/rpc"
	"net/rpc/jsonrpc"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
	"pseudowan/topology"
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
		m.add(heardAt{events: []status.Event{at(3, "c")}, past: true}, begin)
		m.add(heardAt{events: []status.Event{at(1, "a")}, past: true, end: true}, begin)
		if err := m.tell(begin.Add(time.Hour)); err != nil || len(told) > 0 {
			t.Errorf("%s: %v is told before the other site has answered; %v", name, told, err)
		}
		m.add(heardAt{events: []status.Event{at(2, "b")}, past: true}, begin) // the first of several answers
		if err := m.tell(begin.Add(time.Hour)); err != nil || len(told) > 0 {
			t.Errorf("%s: %v is told before the other site has told all of the past; %v", name, told, err)
		}
		m.add(heardAt{events: []status.Event{at(4, "d")}, past: true, end: true}, begin)
		m.add(heardAt{events: []status.Event{at(5, "e")}}, begin.Add(time.Minute))
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

// heardFrom returns what a site with these events is heard to say.
func heardFrom(t *testing.T, answers func(net.Conn)) <-chan heardAt {
	here, there := net.Pipe()
	t.Cleanup(func() { here.Close() })
	go answers(there)
	r := &remote{"a", jsonrpc.NewClient(here)}
	heard := make(chan heardAt, 8)
	go func() {
		_ = r.follow(t.Context(), heard)
		close(heard)
	}()
	return heard
}

// The past ends where the site says so, in whatever pieces it is told.
func TestSiteTellsOfThePast(t *testing.T) {
	in := newAnswers(context.Background(), nil)
	in.happened = &happened{events: make(chan *status.Event)}
	heard := heardFrom(t, func(conn net.Conn) { _ = in.Serve(conn) })
	go func() {
		in.happened.events <- &status.Event{Text: "before"}
		time.Sleep(2 * eventsPause)
		in.happened.events <- nil
		in.happened.events <- &status.Event{Text: "after"}
		close(in.happened.events)
	}()
	var got []string
	for h := range heard {
		for _, e := range h.events {
			got = append(got, fmt.Sprint(e.Text, " ", h.past))
		}
		if h.end {
			got = append(got, "end")
		}
	}
	if s := strings.Join(got, ", "); s != "before true, end, after false" {
		t.Error(s)
	}
}

// A site that is lost before its first answer keeps nobody waiting for its past.
func TestLostSiteHasNoPast(t *testing.T) {
	heard := heardFrom(t, func(conn net.Conn) { conn.Close() })
	if h := <-heard; !h.end {
		t.Errorf("%+v", h)
	}
}

// A site where nothing happens does not answer all the time, and is not held up by that
// when the one who asks has gone.
func TestIdleSiteIsSilent(t *testing.T) {
	in := newAnswers(context.Background(), nil)
	in.happened = &happened{events: make(chan *status.Event)}
	here, there := net.Pipe()
	served := make(chan error)
	go func() { served <- in.Serve(there) }()
	c := jsonrpc.NewClient(here)
	asked := c.Go(siteService+".NextEvents", struct{}{}, &Heard{}, make(chan *rpc.Call, 1))
	select {
	case <-asked.Done:
		t.Error("it has answered that nothing has happened")
	case <-time.After(3 * eventsPause):
	}
	c.Close()
	select {
	case <-served:
	case <-time.After(eventsIdle / 2):
		t.Error("it still waits for events")
	}
}

// A site without hosts takes part: all sites together may have no pairs.
func TestSiteWithoutHostsTakesPart(t *testing.T) {
	in := &inspection{lab: &Lab{Name: "a"}, topology: &topology.Topology{}}
	if err := in.testable(VerifyOptions{Together: &Together{}}); err != nil {
		t.Error(err)
	}
	if err := in.testable(VerifyOptions{}); err == nil {
		t.Error("a lab without hosts is tested")
	}
}
