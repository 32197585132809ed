package original

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"pseudowan/status"
)

// Lab gives access to the tables of a running lab.
type Lab interface {
	Routers() []string // in the order of their datapath IDs, which begin with 1
	Peers(ctx context.Context, router string) ([]status.Peer, error)
	Interfaces(ctx context.Context, router string) ([]status.Interface, error)
	Neighbors(ctx context.Context, router string) ([]status.Neighbor, error)
	VRFs(ctx context.Context, router string) ([]status.VRF, error)
	MPLS(ctx context.Context, router string) ([]status.MPLS, error)
	Flows(ctx context.Context, router string) ([]status.Flow, error)
	Ports(ctx context.Context, router string) ([]status.Port, error)
}

// Datapath returns the ID of the router at a place in Routers.
func Datapath(place int) string { return fmt.Sprintf("%016x", place+1) }

// New returns a handler of the paths below /openflow/. open finds the lab anew for each
// request, as it may be edited meanwhile; now is the time that answers tell.
func New(open func(context.Context) (Lab, error), now func() time.Time) http.Handler {
	m := http.NewServeMux()
	for path, t := range tables {
		m.HandleFunc("GET /openflow/{datapath}/"+path, func(w http.ResponseWriter, q *http.Request) {
			answer, err := ask(q.Context(), open, q.PathValue("datapath"), t)
			if err != nil {
				refuse(w, err)
				return
			}
			answer["time"] = now().Format(timeForm)
			w.Header().Set("Content-Type", "application/json; charset=UTF-8")
			_ = json.NewEncoder(w).Encode(answer) // the client may have gone
		})
	}
	m.HandleFunc("/", func(w http.ResponseWriter, q *http.Request) {
		if q.Method != http.MethodGet && q.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			problem(w, http.StatusMethodNotAllowed, q.Method+" changes the lab, which is done by `pseudowan up` with an edited file")
			return
		}
		problem(w, http.StatusNotFound, "no such table; there are "+strings.Join(paths(), ", ")+" below /openflow/"+Datapath(0)+"/")
	})
	return m
}

// timeForm is how the original prints times.
const timeForm = "2006/01/02 15:04:05"

// table is one table of the original: its name in the answer, and its rows or text.
type table struct {
	name string
	read func(context.Context, Lab, string) (any, error)
}

// tables are the tables by their paths.
var tables = map[string]table{
	"status/peer": {"status", peers},
	"interface":   {"interface", interfaces},
	"arp":         {"arp", neighbors},
	"vrf":         {"vrfs", vrfs},
	"mpls":        {"mpls", mpls},
	"stats/flow":  {"stats", flows},
	"stats/port":  {"stats", ports},
}

func paths() []string {
	var all []string
	for p := range tables {
		all = append(all, p)
	}
	slices.Sort(all)
	return all
}

func ask(ctx context.Context, open func(context.Context) (Lab, error), datapath string, t table) (map[string]any, error) {
	lab, err := open(ctx)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(datapath, 16, 64)
	routers := lab.Routers()
	if err != nil || len(datapath) != 16 || n == 0 || n > uint64(len(routers)) {
		return nil, status.NotFound(fmt.Sprintf("no router has the datapath ID %s; %s", datapath, known(routers)))
	}
	rows, err := t.read(ctx, lab, routers[n-1])
	if err != nil {
		return nil, err
	}
	// The original prints the ID, a number, in decimal.
	return map[string]any{"id": fmt.Sprintf("%016d", n), t.name: rows}, nil
}

// known lists the routers with their datapath IDs.
func known(routers []string) string {
	var all []string
	for i, r := range routers {
		all = append(all, Datapath(i)+" is "+r)
	}
	return strings.Join(all, ", ")
}

func refuse(w http.ResponseWriter, err error) {
	code := http.StatusServiceUnavailable
	if errors.Is(err, status.ErrNotFound) {
		code = http.StatusNotFound
	}
	problem(w, code, err.Error())
}

// problem answers with an error (RFC 9457).
func problem(w http.ResponseWriter, code int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": code, "title": http.StatusText(code), "detail": detail})
}
