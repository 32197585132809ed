package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"pseudowan/bgp/collector"
	"pseudowan/show"
	"pseudowan/status"
)

const collectorHelp = `Bmp-collector is a BMP monitoring station (RFC 7854, 8671, 9069): routers connect
to it and tell it of their BGP sessions and routes. It runs until it is stopped, and
answers over HTTP in the form of OpenBMP's REST interface, at /db_rest/v1/routers,
/peer and /rib; its subcommands print the same as tables.

It keeps nothing on disk, and needs no root: it may be the command of a host. Both
ports are open to all who reach them; --users wants a name and password over HTTP.`

// What a collector listens on, and where its tables are asked for, by default.
const (
	defaultStation = ":5000"
	defaultREST    = ":8001"
	defaultTables  = "http://localhost:8001"
)

func newCollector(s streams) *cobra.Command {
	var cfg collector.Config
	station, rest, users := "", "", ""
	c := &cobra.Command{
		Use:     "bmp-collector",
		GroupID: groupLook,
		Short:   "Collect what routers report over BMP",
		Long:    collectorHelp,
		Example: `  pseudowan bmp-collector
  pseudowan bmp-collector --listen '[2001:db8::70]:5000' --http '[2001:db8::70]:8001' --pat
  pseudowan bmp-collector routers
  curl -s http://localhost:8001/db_rest/v1/routers`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return noCommand(c, args[0])
			}
			user, err := readUser(users)
			if err != nil {
				return err
			}
			log := slog.New(slog.NewTextHandler(s.err, nil))
			return collect(c.Context(), collector.New(cfg, log), station, rest, user, log)
		},
	}
	c.Flags().StringVar(&station, "listen", defaultStation, "where routers connect, address:port or :port")
	c.Flags().StringVar(&rest, "http", defaultREST, "where to answer over HTTP, address:port or :port")
	c.Flags().StringVar(&cfg.Name, "name", "pseudowan", "the collector's name, a part of the routers' identifiers")
	c.Flags().BoolVar(&cfg.PAT, "pat", false, "tell routers apart by BGP identifier or name, not by the address that they connect from")
	c.Flags().StringVar(&users, "users", "", "file with NAME:PASSWORD, which HTTP then wants")
	c.Flags().IntVar(&cfg.MaxConnections, "max-connections", collector.DefaultMaxConnections, "most routers at once")
	c.Flags().IntVar(&cfg.MaxRoutes, "max-routes", collector.DefaultMaxRoutes, "most routes of all routers; one that tells of more is disconnected")
	c.AddCommand(newCollected(s)...)
	return c
}

// readUser reads who may ask; nobody in particular without a file.
func readUser(path string) (u collector.User, err error) {
	if path == "" {
		return u, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return u, status.NotFound("there is no file " + path)
	}
	if err != nil {
		return u, err
	}
	name, password, ok := strings.Cut(strings.TrimSpace(string(data)), ":")
	if !ok || name == "" || password == "" {
		return u, usagef("%s has to be one line, NAME:PASSWORD", path)
	}
	return collector.User{Name: name, Password: password}, nil
}

// collect runs a collector until it is told to stop.
func collect(ctx context.Context, c *collector.Collector, station, rest string, user collector.User, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var listen net.ListenConfig
	routers, err := listen.Listen(ctx, "tcp", station)
	if err != nil {
		return fmt.Errorf("bmp-collector: --listen: %w", err)
	}
	defer routers.Close()
	web, err := listen.Listen(ctx, "tcp", rest)
	if err != nil {
		return fmt.Errorf("bmp-collector: --http: %w", err)
	}
	log.Info("bmp: listening", "routers", routers.Addr(), "http", web.Addr())
	server := &http.Server{
		Handler: c.Handler(user), ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 1 << 14,
	}
	var both errgroup.Group
	both.Go(func() error {
		defer cancel()
		if err := server.Serve(web); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	both.Go(func() error {
		defer cancel()
		return c.Serve(ctx, routers)
	})
	<-ctx.Done()
	server.Close()
	return both.Wait()
}

// newCollected are the commands that print the tables of a collector.
func newCollected(s streams) []*cobra.Command {
	table := func(name, short, more string, run func(context.Context, collector.Client, show.Output) error) *cobra.Command {
		from, users := "", ""
		c := &cobra.Command{
			Use: name, Short: short, Args: takes(),
			Example: "  pseudowan bmp-collector " + name + "\n  pseudowan bmp-collector " + name + " --from 'http://[2001:db8::70]:8001' " + more,
		}
		format := addFormat(c)
		c.Flags().StringVar(&from, "from", defaultTables, "the collector's URL")
		c.Flags().StringVar(&users, "users", "", "file with the NAME:PASSWORD that the collector wants")
		c.RunE = func(c *cobra.Command, _ []string) error {
			user, err := readUser(users)
			if err != nil {
				return err
			}
			return run(c.Context(), collector.Client{URL: from, User: user}, output(s.out, format))
		}
		return c
	}
	address, limit := "", 0
	routes := table("routes", "Print the routes that routers have reported", "--address 30.1.0.2", func(ctx context.Context, c collector.Client, o show.Output) error {
		rows, err := c.Routes(ctx, address, limit)
		return printed(o, show.CollectedRoutes, rows, err)
	})
	routes.Flags().StringVar(&address, "address", "", "only routes that this address is in")
	routes.Flags().IntVar(&limit, "limit", collector.DefaultLimit, "at most so many")
	return []*cobra.Command{
		table("routers", "Print the routers that have connected", "-o json", func(ctx context.Context, c collector.Client, o show.Output) error {
			rows, err := c.Routers(ctx)
			return printed(o, show.CollectedRouters, rows, err)
		}),
		table("peers", "Print the sessions and tables of connected routers", "-o json", func(ctx context.Context, c collector.Client, o show.Output) error {
			rows, err := c.Peers(ctx)
			return printed(o, show.CollectedPeers, rows, err)
		}),
		routes,
	}
}

// printed prints a table, unless it could not be had.
func printed[T any](o show.Output, print func(show.Output, []T) error, rows []T, err error) error {
	if err != nil {
		return err
	}
	return print(o, rows)
}
