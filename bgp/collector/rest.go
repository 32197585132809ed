package collector

import (
	"cmp"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/netip"
	"reflect"
	"strconv"
	"time"
)

// The paths of the REST interface, below Root.
const (
	Root        = "/db_rest/v1"
	routersPath = "/routers"
	peersPath   = "/peer"
	ribPath     = "/rib"
)

// DefaultLimit is how many routes a request gets that sets no limit.
const DefaultLimit = 1000

// User is who may ask; the zero value is everybody.
type User struct{ Name, Password string }

// Handler answers in the form of OpenBMP's REST interface:
//
//	/db_rest/v1/routers                    all routers
//	/db_rest/v1/routers/status/{up,down}   those that are connected, or not
//	/db_rest/v1/peer                       the peers of connected routers
//	/db_rest/v1/peer/status/{up,down}
//	/db_rest/v1/rib                        routes; ?limit=N
//	/db_rest/v1/rib/peer/HASH              those of a peer
//	/db_rest/v1/rib/prefix/PREFIX/LENGTH   those to a prefix
//	/db_rest/v1/rib/lookup?ip=ADDRESS      those that an address is in
func (c *Collector) Handler(user User) http.Handler {
	mux := http.NewServeMux()
	get := func(path string, answer http.HandlerFunc) { mux.HandleFunc("GET "+Root+path, answer) }
	get(routersPath, func(w http.ResponseWriter, r *http.Request) { c.routers(w, r, "") })
	get(routersPath+"/status/{state}", func(w http.ResponseWriter, r *http.Request) { c.routers(w, r, r.PathValue("state")) })
	get(peersPath, func(w http.ResponseWriter, r *http.Request) { c.peers(w, r, "") })
	get(peersPath+"/status/{state}", func(w http.ResponseWriter, r *http.Request) { c.peers(w, r, r.PathValue("state")) })
	get(ribPath, func(w http.ResponseWriter, r *http.Request) { c.rib(w, r, func(Route) bool { return true }) })
	get(ribPath+"/peer/{hash}", func(w http.ResponseWriter, r *http.Request) {
		hash := r.PathValue("hash")
		c.rib(w, r, func(route Route) bool { return route.PeerHashID == hash })
	})
	get(ribPath+"/prefix/{address}/{length}", c.ribTo)
	get(ribPath+"/lookup", c.ribOf)
	return user.only(mux)
}

// only lets nobody else in.
func (u User) only(h http.Handler) http.Handler {
	if u == (User{}) {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, password, _ := r.BasicAuth()
		if subtle.ConstantTimeCompare([]byte(name), []byte(u.Name))&subtle.ConstantTimeCompare([]byte(password), []byte(u.Password)) != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="bmp-collector"`)
			http.Error(w, "name and password are wanted", http.StatusUnauthorized)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// answer is a table in OpenBMP's form.
type answer[T any] struct {
	Fetch   int64 `json:"fetchTime_ms"`
	Query   int64 `json:"queryTime_ms"`
	Size    int   `json:"size"`
	Data    []T   `json:"data"`
	Columns int   `json:"cols"`
}

// The names of the tables.
const (
	routersTable = "routers"
	peersTable   = "v_peers"
	routesTable  = "v_all_routes"
)

// write sends a table. Size may be more than there are rows.
func write[T any](w http.ResponseWriter, name string, began time.Time, rows []T, size int) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	a := answer[T]{Query: time.Since(began).Milliseconds(), Size: size, Data: rows, Columns: columns(reflect.TypeFor[T]())}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(map[string]answer[T]{name: a}) // the client has gone
}

// columns counts the columns of a row.
func columns(t reflect.Type) (n int) {
	for f := range t.Fields() {
		if f.Anonymous {
			n += columns(f.Type)
		} else {
			n++
		}
	}
	return n
}

// inState reports whether a row is in the state that was asked for; ok is false if
// there is no such state.
func inState(state string, up int) (in, ok bool) {
	switch state {
	case "":
		return true, true
	case "up":
		return up == 1, true
	case "down":
		return up == 0, true
	}
	return false, false
}

// filtered sends the rows of a table that are in a state.
func filtered[T any](w http.ResponseWriter, r *http.Request, name, state string, rows []T, up func(T) int) {
	began := time.Now()
	if _, ok := inState(state, 0); !ok {
		http.NotFound(w, r)
		return
	}
	out := []T{}
	for _, row := range rows {
		if in, _ := inState(state, up(row)); in {
			out = append(out, row)
		}
	}
	write(w, name, began, out, len(out))
}

func (c *Collector) routers(w http.ResponseWriter, r *http.Request, state string) {
	filtered(w, r, routersTable, state, c.Routers(), func(row Router) int { return row.Connected })
}

func (c *Collector) peers(w http.ResponseWriter, r *http.Request, state string) {
	filtered(w, r, peersTable, state, c.Peers(), func(row Peer) int { return row.Up })
}

// rib sends the routes that a filter accepts.
func (c *Collector) rib(w http.ResponseWriter, r *http.Request, accepts func(Route) bool) {
	began := time.Now()
	limit, err := strconv.Atoi(cmp.Or(r.FormValue("limit"), strconv.Itoa(DefaultLimit)))
	if err != nil || limit < 1 {
		http.Error(w, "limit has to be a positive number", http.StatusBadRequest)
		return
	}
	rows, all := c.table.Routes(limit, accepts)
	write(w, routesTable, began, rows, all)
}

func (c *Collector) ribTo(w http.ResponseWriter, r *http.Request) {
	p, err := netip.ParsePrefix(r.PathValue("address") + "/" + r.PathValue("length"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	wanted := p.Masked().String()
	c.rib(w, r, func(route Route) bool { return route.Prefix == wanted })
}

func (c *Collector) ribOf(w http.ResponseWriter, r *http.Request) {
	a, err := netip.ParseAddr(r.FormValue("ip"))
	if err != nil {
		http.Error(w, "ip has to be an address: "+err.Error(), http.StatusBadRequest)
		return
	}
	c.rib(w, r, func(route Route) bool {
		p, err := netip.ParsePrefix(route.Prefix)
		return err == nil && p.Contains(a)
	})
}
