package collector

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client reads the tables of a collector.
type Client struct {
	URL  string // as http://[2001:db8::1]:8001
	User User
}

const clientTimeout = 30 * time.Second

// Routers lists the routers.
func (c Client) Routers(ctx context.Context) ([]Router, error) {
	return read[Router](ctx, c, routersTable, routersPath)
}

// Peers lists the peers of connected routers.
func (c Client) Peers(ctx context.Context) ([]Peer, error) {
	return read[Peer](ctx, c, peersTable, peersPath)
}

// Routes lists routes; those that an address is in, if it is not "".
func (c Client) Routes(ctx context.Context, address string, limit int) ([]Route, error) {
	path, query := ribPath, url.Values{"limit": {strconv.Itoa(limit)}}
	if address != "" {
		path += "/lookup"
		query.Set("ip", address)
	}
	return read[Route](ctx, c, routesTable, path+"?"+query.Encode())
}

// read asks for one table.
func read[T any](ctx context.Context, c Client, table, path string) ([]T, error) {
	ctx, cancel := context.WithTimeout(ctx, clientTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.URL, "/")+Root+path, nil)
	if err != nil {
		return nil, fmt.Errorf("collector: %w", err)
	}
	if c.User != (User{}) {
		r.SetBasicAuth(c.User.Name, c.User.Password)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("collector: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
		return nil, fmt.Errorf("collector: %s says %s: %s", c.URL, response.Status, strings.TrimSpace(string(why)))
	}
	var answers map[string]answer[T]
	if err := json.NewDecoder(response.Body).Decode(&answers); err != nil {
		return nil, fmt.Errorf("collector: the answer of %s: %w", c.URL, err)
	}
	return answers[table].Data, nil
}
