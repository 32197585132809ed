package ovs

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// patience is how long a test waits for what should happen at once.
const patience = 20 * time.Second

func mac(s string) net.HardwareAddr {
	m, err := net.ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return m
}

// datapathEnv names the datapath of switches whose test does not choose one.
const datapathEnv = "PSEUDOWAN_TEST_DATAPATH"

// startSwitch starts a switch in a namespace and stops it after the test.
func startSwitch(t testing.TB, ns *namespace, cfg Config) *Switch {
	t.Helper()
	dir := runDir(t)
	cfg.Dir = dir
	if cfg.Datapath == "" {
		cfg.Datapath = Datapath(os.Getenv(datapathEnv))
	}
	var s *Switch
	check(t, ns.do(func() (err error) {
		s, err = Start(t.Context(), cfg)
		return err
	}))
	t.Cleanup(func() {
		if t.Failed() {
			log, err := os.ReadFile(filepath.Join(dir, switchDaemon+".log"))
			t.Logf("%s: %v\n%s", dir, err, log)
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return s
}
