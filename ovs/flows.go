package ovs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"

	"pseudowan/ovs/pipeline"
)

// flowTables are the flows of a switch and the record of them.
type flowTables struct {
	bridge  string
	tools   tools
	daemons *daemons
	channel *channel

	mu     sync.Mutex // held while flows change
	memory memory
}

// change calls f when the flows may change. It does not if ctx has ended meanwhile: whoever
// does not wait any longer may have gone on to undo the change.
func (t *flowTables) change(ctx context.Context, f func() error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	return f()
}

// steadily is change, again if a daemon was being replaced.
func (t *flowTables) steadily(ctx context.Context, f func() error) error {
	return t.daemons.steady(ctx, func() error { return t.change(ctx, f) })
}

func (t *flowTables) commit(ctx context.Context, add, remove []pipeline.Flow) error {
	for _, p := range portions(add, remove) {
		err := t.steadily(ctx, func() error {
			t.memory.note(p.add, p.remove)
			return t.channel.change(ctx, p)
		})
		if err != nil {
			return fmt.Errorf("bridge %s: add %d and remove %d flows: %w", t.bridge, len(p.add), len(p.remove), err)
		}
	}
	return nil
}

func (t *flowTables) correct(ctx context.Context, flows []pipeline.Flow) (n int, err error) {
	var file bytes.Buffer
	for _, f := range flows {
		fmt.Fprintln(&file, onWire(f))
	}
	err = t.steadily(ctx, func() error {
		t.memory.replace(flows)
		n, err = t.correctFrom(ctx, file.Bytes())
		return err
	})
	return n, err
}

func (t *flowTables) correctFrom(ctx context.Context, file []byte) (int, error) {
	out, err := t.ofctl(ctx, file, "diff-flows", t.bridge, "/proc/self/fd/0")
	const differ = 2
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case !errors.As(err, &exit) || exit.ExitCode() != differ:
		return 0, fmt.Errorf("bridge %s: compare its flows: %w", t.bridge, err)
	}
	if _, err := t.ofctl(ctx, file, "--bundle", "replace-flows", t.bridge, "-"); err != nil {
		return 0, fmt.Errorf("bridge %s: correct its flows: %w", t.bridge, err)
	}
	return differing(out), nil
}

// ofctl runs ovs-ofctl with flows as its standard input.
func (t *flowTables) ofctl(ctx context.Context, flows []byte, args ...string) ([]byte, error) {
	args = append([]string{"--no-names", "--protocols=OpenFlow13"}, args...)
	return t.tools.run(ctx, bytes.NewReader(flows), "ovs-ofctl", args...)
}

// correctOwn makes the flows those that were last set.
func (t *flowTables) correctOwn(ctx context.Context) error {
	return t.replay(ctx, "replace-flows", "correct its flows")
}

// restore puts the flows into a bridge that has none.
func (t *flowTables) restore(ctx context.Context) error {
	return t.replay(ctx, "add-flows", "restore its flows")
}

// replay passes all flows to a command of ovs-ofctl.
func (t *flowTables) replay(ctx context.Context, command, what string) error {
	return t.change(ctx, func() error {
		if _, err := t.ofctl(ctx, t.memory.file(), "--bundle", command, t.bridge, "-"); err != nil {
			return fmt.Errorf("bridge %s: %s: %w", t.bridge, what, err)
		}
		return nil
	})
}

// number returns how many flows there are, about.
func (t *flowTables) number() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.memory.flows) + bytes.Count(t.memory.inherited, []byte("\n"))
}

// inherit records the flows of an adopted switch.
func (t *flowTables) inherit(ctx context.Context) error {
	out, err := t.ofctl(ctx, nil, "--no-stats", "dump-flows", t.bridge)
	if err != nil {
		return err
	}
	var flows bytes.Buffer
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "cookie=") {
			flows.WriteString(strings.TrimSpace(line))
			flows.WriteByte('\n')
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.memory.inherited = flows.Bytes()
	return nil
}

func (t *flowTables) inherited() []pipeline.Cookie {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []pipeline.Cookie
	for line := range strings.Lines(string(t.memory.inherited)) {
		_, rest, _ := strings.Cut(line, "cookie=0x")
		digits, _, _ := strings.Cut(rest, ",")
		if c, err := strconv.ParseUint(digits, 16, 64); err == nil {
			all = append(all, pipeline.Cookie(c))
		}
	}
	return all
}
