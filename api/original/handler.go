package original

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"pseudowan/status"
	"pseudowan/topology"
	"pseudowan/topology/edit"
)

// Lab is a running lab: its tables, and what changes it.
type Lab interface {
	Routers() []string // in the order of their datapath IDs, which begin with 1
	Peers(ctx context.Context, router string) ([]status.Peer, error)
	Interfaces(ctx context.Context, router string) ([]status.Interface, error)
	Neighbors(ctx context.Context, router string) ([]status.Neighbor, error)
	VRFs(ctx context.Context, router string) ([]status.VRF, error)
	MPLS(ctx context.Context, router string) ([]status.MPLS, error)
	RIB(ctx context.Context, router string) ([]status.RIB, error)
	LSPs(ctx context.Context, router string) ([]status.LSP, error)
	SessionRoutes(ctx context.Context, router, peer string, view status.RouteView) ([]status.SessionRoute, error)
	Flows(ctx context.Context, router string) ([]status.Flow, error)
	Ports(ctx context.Context, router string) ([]status.Port, error)

	// Change makes the edits that decide returns, all or nothing. Nobody else changes the
	// lab between what decide sees and these. Its error is that of decide, too.
	Change(ctx context.Context, decide func(*topology.Topology) ([]edit.Edit, error)) error

	// Ping sends a router's echo request inside a VRF, with octets of data, and returns
	// who has answered; not a valid address if nobody has.
	Ping(ctx context.Context, router, vrf string, to netip.Addr, octets int) (netip.Addr, error)
}

// Query says what of a table is asked for.
type Query struct {
	Router string

	// Of the table neighbor alone.
	Peer string // an address, or the name of a node
	View status.RouteView
}

// Datapath returns the ID of the router at a place in Routers.
func Datapath(place int) string { return fmt.Sprintf("%016x", place+1) }

// maxBody bounds the bodies of requests, in octets, and bodyPatience the time that one
// takes.
const (
	maxBody      = 64 << 10
	bodyPatience = 5 * time.Second
)

// server answers requests about one lab.
type server struct {
	open     func(context.Context) (Lab, error)
	now      func() time.Time
	patience time.Duration // for a body
}

// New returns a handler of the paths below /openflow/. open finds the lab anew for each
// request, as it may be edited meanwhile; now is the time that answers tell.
func New(open func(context.Context) (Lab, error), now func() time.Time) http.Handler {
	return server{open, now, bodyPatience}.handler()
}

func (s server) handler() http.Handler {
	m := http.NewServeMux()
	for path, t := range tables {
		m.HandleFunc("GET /openflow/{datapath}/"+path, s.answer(func(ctx context.Context, lab Lab, router, body string) (map[string]any, error) {
			return s.read(ctx, lab, router, path, t, body)
		}))
	}
	for name, w := range writes {
		method, path, _ := strings.Cut(name, " ")
		m.HandleFunc(method+" /openflow/{datapath}/"+path, s.answer(func(ctx context.Context, lab Lab, router, body string) (map[string]any, error) {
			f, err := w.read(body)
			if err == nil {
				err = w.do(ctx, lab, router, f)
			}
			return map[string]any{w.object: f}, err
		}))
	}
	m.HandleFunc("PUT /openflow/{datapath}/ping", s.answer(ping))
	m.HandleFunc("/", func(w http.ResponseWriter, q *http.Request) {
		problem(w, http.StatusNotFound, "there is no "+q.Method+" "+q.URL.Path+"; there are "+strings.Join(requests(), ", ")+" below /openflow/"+Datapath(0)+"/")
	})
	return m
}

// answer returns a handler of requests about one router.
func (s server) answer(do func(ctx context.Context, lab Lab, router, body string) (map[string]any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		body, err := s.body(w, q)
		switch {
		case errors.As(err, new(*http.MaxBytesError)):
			problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d octets", maxBody))
			return
		case err != nil:
			problem(w, http.StatusRequestTimeout, fmt.Sprintf("the body is not there after %s", s.patience))
			return
		}
		lab, err := s.open(q.Context())
		if err != nil {
			refuse(w, err)
			return
		}
		n, router, err := routerWith(lab.Routers(), q.PathValue("datapath"))
		if err != nil {
			refuse(w, err)
			return
		}
		answer, err := do(q.Context(), lab, router, string(body))
		if err != nil {
			refuse(w, err)
			return
		}
		answer["id"] = fmt.Sprintf("%016d", n) // the original prints this number in decimal
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		_ = json.NewEncoder(w).Encode(answer) // the client may have gone
	}
}

// body reads the body of a request, of which the client may send only a part.
func (s server) body(w http.ResponseWriter, q *http.Request) ([]byte, error) {
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Now().Add(s.patience)) // in tests there is no connection
	body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, maxBody))
	if err == nil {
		_ = connection.SetReadDeadline(time.Time{}) // else the answer would be waited for as long
	}
	return body, err
}

// read answers with a table.
func (s server) read(ctx context.Context, lab Lab, router, path string, t table, body string) (map[string]any, error) {
	q := Query{Router: router}
	if path == "neighbor" {
		if err := q.readNeighbor(body); err != nil {
			return nil, err
		}
	}
	rows, err := t.read(ctx, lab, q)
	return map[string]any{t.name: rows, "time": s.now().Format(timeForm)}, err
}

// readNeighbor reads the body by which the original is asked for a session's routes.
func (q *Query) readNeighbor(body string) error {
	f, err := write{object: "neighbor", keys: []string{"routetype", "address"}}.read(body)
	if err != nil {
		return err
	}
	q.Peer, q.View = f["address"], views[f["routetype"]]
	if q.View == "" {
		return badf("routetype %q is not one of %s", f["routetype"], strings.Join(slices.Sorted(maps.Keys(views)), ", "))
	}
	return nil
}

// views are the routes of a session by the words of the original's BGP library.
var views = map[string]status.RouteView{
	"received-routes": status.RoutesReceived, "accepted-routes": status.RoutesAccepted, "sent-routes": status.RoutesAdvertised,
}

// timeForm is how the original prints times.
const timeForm = "2006/01/02 15:04:05"

// table is one table of the original: its name in the answer, and its rows or text.
type table struct {
	name string
	read func(context.Context, Lab, Query) (any, error)
}

// tables are the tables by their paths.
var tables = map[string]table{
	"status/peer": {"status", peers},
	"interface":   {"interface", interfaces},
	"arp":         {"arp", neighbors},
	"route":       {"route", routes},
	"vrf":         {"vrfs", vrfs},
	"rib":         {"rib", rib},
	"neighbor":    {"neighbor", neighbor},
	"mpls":        {"mpls", mpls},
	"stats/flow":  {"stats", flows},
	"stats/port":  {"stats", ports},
}

// requests lists what is answered.
func requests() []string {
	all := append(slices.Collect(maps.Keys(writes)), "PUT ping")
	for path := range tables {
		all = append(all, "GET "+path)
	}
	slices.Sort(all)
	return all
}

// routerWith finds the router with a datapath ID.
func routerWith(routers []string, datapath string) (uint64, string, error) {
	n, err := strconv.ParseUint(datapath, 16, 64)
	if err != nil || len(datapath) != 16 || n == 0 || n > uint64(len(routers)) {
		return 0, "", status.NotFound(fmt.Sprintf("no router has the datapath ID %s; %s", datapath, known(routers)))
	}
	return n, routers[n-1], nil
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
	var (
		bad      *requestError
		conflict *conflictError
		problems topology.Problems
	)
	code := http.StatusServiceUnavailable
	switch {
	case errors.Is(err, status.ErrNotFound):
		code = http.StatusNotFound
	case errors.As(err, &bad):
		code = http.StatusBadRequest
	case errors.As(err, &conflict):
		code = http.StatusConflict
	case errors.As(err, &problems):
		code = http.StatusUnprocessableEntity
	}
	problem(w, code, err.Error())
}

// problem answers with an error (RFC 9457).
func problem(w http.ResponseWriter, code int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": code, "title": http.StatusText(code), "detail": detail})
}
