package lab

import (
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Three database servers at two sites replicate over IPv6: what is written at one is
// read at all. One that is killed comes back with what the others have written
// meanwhile.
func TestRealGalera(t *testing.T) {
	if _, err := exec.LookPath("mariadbd"); err != nil {
		t.Skip("needs mariadb-server")
	}
	l := fromCatalog(t, t.TempDir(), "galera", "pwt-galera")
	l.up(t, "--timeout", "150s")
	query := func(host, sql string) func(want string) error {
		return func(want string) error {
			r := l.exec(host, "mariadb", "--defaults-file=/etc/mysql/ns.cnf", "--skip-column-names", "-e", sql)
			if r.code != 0 || !strings.Contains(r.stdout, want) {
				return fmt.Errorf("%s: %s: %+v; want %q", host, sql, r, want)
			}
			return nil
		}
	}
	for _, h := range []string{"ns011", "ns012", "ns013"} {
		for _, address := range []string{"[2a00:f10:121:1:1:a0ff:fe00:1bc7]:3306", "[2a00:f10:400:1:1:d8ff:fe00:2ef]:3306", "[2a00:1d20:3:1:1:c01:3:53]:3306"} {
			eventually(t, 30*time.Second, func() error { return query(h, "show status like 'wsrep_incoming_addresses'")(address) })
		}
	}
	if err := query("ns012", "create database d; create table d.t (word char(9) primary key); insert into d.t values ('first')")(""); err != nil {
		t.Fatal(err)
	}
	for _, h := range []string{"ns011", "ns013"} {
		eventually(t, 20*time.Second, func() error { return query(h, "select word from d.t")("first") })
	}

	victim := services(t, l, "ns013")["mariadb"]
	if err := syscall.Kill(victim.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, func() error { return query("ns011", "insert ignore into d.t values ('second')")("") })
	eventually(t, 90*time.Second, func() error {
		if s := services(t, l, "ns013")["mariadb"]; s.PID == victim.PID || !s.Up() {
			return fmt.Errorf("%+v", s)
		}
		if err := query("ns013", "show status like 'wsrep_cluster_size'")("3"); err != nil {
			return err
		}
		return query("ns013", "select word from d.t")("second")
	})
}
