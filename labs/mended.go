package labs

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// mendedLimit bounds the list of what was put right, in octets: a daemon that
// dies for ever must not fill the disk.
const mendedLimit = 16 << 10

// noteMended writes down for the next `up` what was put right without being
// asked: nobody shall be told that nothing was changed.
func noteMended(lab, what string) {
	f, err := os.OpenFile(mendedFile(lab), os.O_CREATE|os.O_APPEND|os.O_WRONLY|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return // without its directory, the lab has other worries
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() < mendedLimit {
		fmt.Fprintln(f, strings.ReplaceAll(what, "\n", " "))
	}
}

// putRight notes that up has put something of these nodes right. Of nodes that
// it changes, restores or adds as well, that is no news.
func (a *applier) putRight(what string, nodes ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	told := slices.ContainsFunc(a.changed, func(line string) bool {
		return slices.ContainsFunc(nodes, func(n string) bool {
			return strings.HasSuffix(line, " router "+n) || strings.HasSuffix(line, " host "+n)
		})
	})
	if line := "put right " + what; !told && !a.fresh && !slices.Contains(a.right, line) {
		a.right = append(a.right, line)
	}
}

// addMended adds what was put right since the last `up` to what this one has
// changed. What is put right in a lab that is only coming up is no news.
func (a *applier) addMended() {
	data, err := os.ReadFile(mendedFile(a.plan.Lab))
	if err != nil || os.Remove(mendedFile(a.plan.Lab)) != nil || a.fresh {
		return
	}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(a.changed, line) {
			a.changed = append(a.changed, line)
		}
	}
}
