package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"pseudowan/api"
	"pseudowan/api/original"
	v1 "pseudowan/api/v1"
	"pseudowan/labs/look"
)

const serveHelp = `Serve puts a lab's API on a TCP port (docs/api.md), which otherwise answers root alone
on the unix socket /run/pseudowan/LAB/.api.sock. Both also answer the requests of
docker-pseudo-wan's REST interface (2015) below /openflow/DATAPATH/, in their shapes, so
that scripts written for it work with a lab (docs/scripting.md). The routers have the
datapath IDs 0000000000000001 and so on, in the order of their names. What does not fit
the original's tables, such as IPv6, is left out.

It listens on a loopback address only, until it is stopped. Requests need the token of
the file, as a bearer's or as a password, and must come for that address. They only read,
unless --allow-changes is given. Then the token is as good as root's password: who may
add a host, has its command run as root of this server.`

func newServe(s streams) *cobra.Command {
	lab, listen, file, changes := "", "", "", false
	c := &cobra.Command{
		Use:     "serve",
		GroupID: groupLook,
		Short:   "Serve the API of a running lab, and the original's REST requests",
		Long:    serveHelp,
		Example: `  (umask 077; openssl rand -hex 16 > /run/token)
  sudo pseudowan serve --token-file /run/token
  curl -u :$(cat /run/token) http://127.0.0.1:8080/openflow/0000000000000001/mpls`,
		Args: takes(),
		RunE: func(c *cobra.Command, _ []string) error {
			if file == "" {
				return usagef("serve needs --token-file")
			}
			if err := api.Loopback(listen); err != nil {
				return usagef("--listen %s: %v", listen, err)
			}
			token, err := api.ReadToken(file)
			if err != nil {
				return err
			}
			running, err := look.Open(c.Context(), lab)
			if err != nil {
				return err
			}
			return serve(c.Context(), s, running.Name, token, listen, changes)
		},
	}
	addLab(c, &lab, "the lab; needed if several run")
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "loopback address and port")
	c.Flags().StringVar(&file, "token-file", "", "file with the token, of at least 16 characters, which only its owner may read")
	c.Flags().BoolVar(&changes, "allow-changes", false, "also answer requests that change the lab; the token then makes its holder root on this server")
	return c
}

// serve answers requests until ctx ends.
func serve(ctx context.Context, s streams, lab, token, listen string, changes bool) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	at := l.Addr().String()
	server := newServer(lab, token, at, changes)
	defer context.AfterFunc(ctx, func() { server.Close() })()
	fmt.Fprintf(s.err, "pseudowan: serving lab %s at http://%s/openflow/%s/\n", lab, at, original.Datapath(0))
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// newServer returns a server of a lab for requests with the token at an address. Any user
// of this server can connect, so nobody may hold a connection for long without the token.
func newServer(lab, token, at string, changes bool) *http.Server {
	paths := newAPI(lab)
	if !changes {
		paths = v1.ReadOnly(paths)
	}
	return &http.Server{
		Handler:           api.Guard(token, at, paths),
		ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
}
