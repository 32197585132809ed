package v1

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"pseudowan/labs"
	"pseudowan/labs/look"
	"pseudowan/status"
)

// version is that of the API's description. Paths, parameters and keys are added, never
// renamed, as long as it begins with 1.
const version = "1.0.0"

const description = `What a running lab is asked, and told to change, while it runs. The API answers root
alone on the unix socket /run/pseudowan/LAB/.api.sock, and elsewhere as far as somebody
runs pseudowan serve, which refuses changes unless it is started with --allow-changes.`

// openAPIPath is where the description is served, with .json or .yaml.
const openAPIPath = "/v1/openapi"

// New returns a handler of the paths below /v1/ for one lab, which is looked up anew for
// each request: it may be edited meanwhile. Changes are made through the queue.
func New(lab string, changes *labs.Queue) http.Handler {
	m := http.NewServeMux()
	register(m, server{lab, changes, look.Events})
	m.HandleFunc(anyPath, func(w http.ResponseWriter, q *http.Request) { unknown(m, w, q) })
	return m
}

// anyPath is the pattern of requests that no other one matches.
const anyPath = "/v1/"

// unknown answers a request for which there is no path, or none with its method.
func unknown(m *http.ServeMux, w http.ResponseWriter, q *http.Request) {
	var have []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if _, pattern := m.Handler(&http.Request{Method: method, URL: q.URL, Host: q.Host}); pattern != anyPath {
			have = append(have, method)
		}
	}
	if len(have) == 0 {
		refuse(w, huma.NewError(http.StatusNotFound, "there is no "+q.URL.Path+"; "+openAPIPath+".json describes what there is"))
		return
	}
	w.Header().Set("Allow", strings.Join(have, ", "))
	refuse(w, huma.NewError(http.StatusMethodNotAllowed, q.URL.Path+" takes "+strings.Join(have, ", ")+", not "+q.Method))
}

// ReadOnly passes on the requests that change nothing, and refuses all others: who may
// change a lab, may run commands as root on the server.
func ReadOnly(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method == http.MethodGet || q.Method == http.MethodHead {
			h.ServeHTTP(w, q)
			return
		}
		refuse(w, huma.NewError(http.StatusForbidden, "read-only: start serve with --allow-changes"))
	})
}

// refuse answers with a problem where huma does not.
func refuse(w http.ResponseWriter, p huma.StatusError) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.GetStatus())
	_ = json.NewEncoder(w).Encode(p) // the client may have gone
}

// OpenAPI returns the description of the API, as JSON.
func OpenAPI() *huma.OpenAPI { return register(http.NewServeMux(), server{}).OpenAPI() }

// server answers requests about one lab.
type server struct {
	lab   string
	queue *labs.Queue
	tell  func(context.Context, look.EventOptions, func(status.Event) error) error // look.Events
}

func register(m *http.ServeMux, s server) huma.API {
	c := huma.DefaultConfig("pseudowan", version)
	c.Info.Description = description
	c.Tags = []*huma.Tag{
		{Name: tagTables, Description: "The tables of the routers, as `show` prints them"},
		{Name: tagLab, Description: "The lab as a whole"},
		{Name: tagChanges, Description: "What changes the running lab, as the commands of the same names do"},
	}
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = openAPIPath, "", ""
	c.CreateHooks = nil // no links to schemas in documents: they are those of -o json
	c.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[netip.Addr](), reflect.TypeFor[address]())
	a := humago.New(m, c)
	s.tables(a)
	s.whole(a)
	s.events(a)
	s.pings(a)
	s.changes(a)
	return a
}

// address describes an IP address of either family, which huma takes for IPv4 alone.
type address string

// Schema implements huma.SchemaProvider.
func (address) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: "IP address", Examples: []any{"10.1.0.2", "2001:db8::2"}}
}

// The groups of operations.
const (
	tagTables  = "tables"
	tagLab     = "lab"
	tagChanges = "changes"
)

// nameOf is the name of an operation, after its method and path.
func nameOf(method, path string) string {
	words := strings.FieldsFunc(strings.TrimPrefix(path, "/v1"), func(r rune) bool { return strings.ContainsRune("/{}", r) })
	return strings.Join(append([]string{strings.ToLower(method)}, words...), "-")
}

// operation describes one.
func operation(method, path, tag, summary string, codes ...int) huma.Operation {
	return huma.Operation{
		OperationID: nameOf(method, path), Method: method, Path: path, Summary: summary,
		Tags: []string{tag}, Errors: append(codes, http.StatusNotFound, http.StatusServiceUnavailable),
	}
}

// list is the answer with rows. What some routers did not answer is told in a header, so
// that they do not hide the others.
type list[T any] struct {
	Incomplete string `header:"Incomplete" doc:"Why rows are missing, if some are"`
	Body       []T
}

func rows[T any](all []T, err error) (*list[T], error) {
	if err != nil && len(all) == 0 {
		return nil, problem(err)
	}
	l := &list[T]{Body: all}
	if all == nil {
		l.Body = []T{}
	}
	if err != nil {
		l.Incomplete = headerText(err)
	}
	return l, nil
}

// one is the answer with one document.
type one[T any] struct{ Body T }

func document[T any](v T, err error) (*one[T], error) {
	if err != nil {
		return nil, problem(err)
	}
	return &one[T]{v}, nil
}

// problem turns an error into an answer (RFC 9457).
func problem(err error) huma.StatusError {
	code := http.StatusServiceUnavailable
	if errors.Is(err, status.ErrNotFound) {
		code = http.StatusNotFound
	}
	return huma.NewError(code, err.Error())
}

// headerText is an error on one line.
func headerText(err error) string {
	text := []byte(err.Error())
	for i, c := range text {
		if c < ' ' || c > '~' {
			text[i] = ' '
		}
	}
	return string(text)
}
