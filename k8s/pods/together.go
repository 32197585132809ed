package pods

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
)

// Words are what the processes of Together say and wait for, in turn.
type Words struct{ Say, Hear string }

// NewSecret returns 32 random octets in hexadecimal digits.
func NewSecret() string {
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails
	return hex.EncodeToString(secret[:])
}

// Together runs this program in every pod at once, and keeps the processes in step: for
// each of words, it waits until all have said the one, and tells all the other. Then it
// returns the rows that they print.
func Together[T any](ctx context.Context, l Lab, words []Words, args ...string) ([]T, error) {
	all, err := l.Pods(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	parties := make([]*party, len(all))
	for i, p := range all {
		if parties[i], err = newParty(l.Command(ctx, p, args...), p); err != nil {
			cancel()
			return nil, errors.Join(err, closeAll(parties[:i]))
		}
	}
	each := func(do func(*party) error) error {
		errs := make([]error, len(parties))
		var wait sync.WaitGroup
		for i, p := range parties {
			wait.Go(func() {
				if errs[i] = do(p); errs[i] != nil {
					cancel() // the others would wait for ever
				}
			})
		}
		wait.Wait()
		return errors.Join(errs...)
	}
	for _, w := range words {
		if err == nil {
			err = each(func(p *party) error { return p.await(w.Say) })
		}
		if err == nil {
			err = each(func(p *party) error { return p.tell(w.Hear) })
		}
	}
	rows := make([][]T, len(parties))
	if err == nil {
		err = each(func(p *party) error {
			i := slices.Index(parties, p)
			if err := json.NewDecoder(p.out).Decode(&rows[i]); err != nil {
				p.failed = true // it says why when it ends
				return p.wrap(fmt.Errorf("its answer: %w", err))
			}
			return nil
		})
	}
	if err != nil {
		cancel()
		return nil, errors.Join(err, closeAll(parties))
	}
	return slices.Concat(rows...), closeAll(parties)
}

// party is a process of Together.
type party struct {
	pod  Pod
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	errs strings.Builder

	failed bool // it ended before all words were said
}

func newParty(cmd *exec.Cmd, pod Pod) (*party, error) {
	p := &party{pod: pod, cmd: cmd}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, p.wrap(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, p.wrap(err)
	}
	p.in, p.out, cmd.Stderr = in, bufio.NewReader(out), &p.errs
	if err := cmd.Start(); err != nil {
		return nil, p.wrap(err)
	}
	return p, nil
}

func (p *party) wrap(err error) error { return fmt.Errorf("site %s: %w", p.pod.Site, err) }

func (p *party) tell(line string) error {
	if _, err := fmt.Fprintln(p.in, line); err != nil {
		return p.wrap(err)
	}
	return nil
}

// await waits for a line.
func (p *party) await(want string) error {
	got, err := p.out.ReadString('\n')
	if err != nil || strings.TrimSpace(got) != want {
		p.failed = true
		return p.wrap(fmt.Errorf("it said %q in the place of %q, and ended: %w", strings.TrimSpace(got), want, errors.Join(err, p.close())))
	}
	return nil
}

// close ends the process, and returns what it complained of, if it could not do what it
// was to do.
func (p *party) close() error {
	p.in.Close()
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && (p.failed || exit.ExitCode() > maxVerdict) {
		return p.wrap(errors.New(strings.TrimSpace(p.errs.String())))
	}
	return nil
}

// maxVerdict is the largest exit code with which the program says something about what it
// has found, once it has gone through all words.
const maxVerdict = 2

func closeAll(all []*party) error {
	var errs []error
	for _, p := range all {
		if p.cmd.ProcessState == nil {
			errs = append(errs, p.close())
		}
	}
	return errors.Join(errs...)
}
