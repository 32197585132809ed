package original

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pseudowan/status"
	"pseudowan/topology"
	"pseudowan/topology/edit"
)

var update = flag.Bool("update", false, "write the recordings")

// edited is a lab whose topology changes, and which only notes what is done to it.
type edited struct {
	lab
	changes sync.Mutex
	text    []byte
	edits   []edit.Edit
}

func (l *edited) Topology(context.Context) (*topology.Topology, error) {
	return topology.Parse("lab.yaml", l.text)
}

func (l *edited) Change(ctx context.Context, decide func(*topology.Topology) ([]edit.Edit, error)) error {
	l.changes.Lock()
	defer l.changes.Unlock()
	t, err := l.Topology(ctx)
	if err != nil {
		return err
	}
	edits, err := decide(t)
	if err != nil || len(edits) == 0 {
		return err
	}
	text, err := edit.Apply(t, l.text, edits)
	if err == nil {
		_, err = topology.Parse("lab.yaml", text)
	}
	var absent *edit.NotFoundError
	if errors.As(err, &absent) {
		return status.NotFound(err.Error())
	}
	if err != nil {
		return err
	}
	l.text, l.edits = text, append(l.edits, edits...)
	return nil
}

func (l *edited) Interfaces(context.Context, string) ([]status.Interface, error) {
	return []status.Interface{{Port: 3, Name: "eth3", VRF: "red"}}, nil
}

func (l *edited) Ping(_ context.Context, _, _ string, to netip.Addr, _ int) (from netip.Addr, err error) {
	if to == netip.MustParseAddr("10.90.0.2") {
		from = to
	}
	return from, nil
}

// The requests that the scripts of the original send, in both their forms, have the
// answers that they expect, and change the lab. A recording is requests with their
// answers: the method and path, the body in some lines, an empty line, the code, the
// answer, and the edits.
func TestRecordings(t *testing.T) {
	files, err := filepath.Glob("testdata/*.recording")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { replay(t, file) })
	}
}

func replay(t *testing.T, file string) {
	text, err := os.ReadFile("testdata/lab.yaml")
	if err != nil {
		t.Fatal(err)
	}
	recording, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	l := &edited{text: text}
	h := New(func(context.Context) (Lab, error) { return l, nil }, nil)
	var again strings.Builder
	for i, exchange := range strings.Split(strings.TrimSpace(string(recording)), "\n----\n") {
		request, _, _ := strings.Cut(exchange, "\n\n")
		line, body, _ := strings.Cut(request, "\n")
		method, path, _ := strings.Cut(line, " ")
		l.edits = nil
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		var answer bytes.Buffer
		if err := json.Indent(&answer, w.Body.Bytes(), "", "  "); err != nil {
			t.Fatalf("%s: %v: %s", line, err, w.Body)
		}
		if i > 0 {
			again.WriteString("\n----\n")
		}
		fmt.Fprintf(&again, "%s\n\n%d\n%s", request, w.Code, strings.TrimSpace(answer.String()))
		for _, e := range l.edits {
			plain, _ := json.Marshal(e)
			fmt.Fprintf(&again, "\nedit: %s", plain)
		}
	}
	again.WriteByte('\n')
	if *update {
		if err := os.WriteFile(file, []byte(again.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if again.String() != string(recording) {
		t.Errorf("the recording is now:\n%s", &again)
	}
}

// Of requests at the same time each sees what the others have made: a VRF is on all the
// routers that it is asked for.
func TestConcurrentRequests(t *testing.T) {
	l := &edited{text: []byte("name: lab\nrouters: {pe1: {as: 65000}, pe2: {as: 65000}}\nlinks: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]\n")}
	var asked sync.WaitGroup
	for place := range l.Routers() {
		asked.Go(func() {
			path := "/openflow/" + Datapath(place) + "/vrf"
			if code, answer := get(t, l, "POST", path, "{'vrf': {'route_dist': '65000:1', 'import': '65000:1', 'export': '65000:1'}}"); code != 200 {
				t.Errorf("%s: %d %v", path, code, answer)
			}
		})
	}
	asked.Wait()
	if top, err := l.Topology(t.Context()); err != nil || len(top.VRFs) != len(l.Routers()) {
		t.Errorf("%v: %+v", err, top.VRFs)
	}
}
