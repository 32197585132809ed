package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"pseudowan/labs"
)

// progress shows what a long command is doing, until it is closed.
type progress interface {
	labs.Progress
	Close()
}

// newProgress rewrites one line on a terminal and prints plain lines elsewhere.
func newProgress(w io.Writer) progress {
	if f, ok := w.(*os.File); ok && isTerminal(w) {
		return newLiveProgress(w, func() int {
			width, _, err := term.GetSize(int(f.Fd()))
			if err != nil {
				return 80
			}
			return width
		})
	}
	return &plainProgress{w: w, begin: time.Now()}
}

// plainProgress prints a line for each step, for logs.
type plainProgress struct {
	w     io.Writer
	begin time.Time
	mu    sync.Mutex
	last  string
}

func (p *plainProgress) Step(message string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if message == p.last {
		return
	}
	p.last = message
	fmt.Fprintf(p.w, "%s %s\n", elapsed(p.begin), message)
}

func (p *plainProgress) Close() {}

// redrawEvery is how often the elapsed time of a live line is redrawn.
const redrawEvery = 100 * time.Millisecond

// liveProgress keeps one line of a terminal up to date, and wipes it at the
// end.
type liveProgress struct {
	w     io.Writer
	width func() int
	begin time.Time
	stop  chan struct{}
	ended sync.WaitGroup

	mu      sync.Mutex
	message string
}

func newLiveProgress(w io.Writer, width func() int) *liveProgress {
	p := &liveProgress{w: w, width: width, begin: time.Now(), stop: make(chan struct{})}
	p.ended.Go(p.tick)
	return p
}

func (p *liveProgress) tick() {
	t := time.NewTicker(redrawEvery)
	defer t.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-t.C:
			p.mu.Lock()
			p.draw()
			p.mu.Unlock()
		}
	}
}

func (p *liveProgress) Step(message string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.message = message
	p.draw()
}

// draw rewrites the line, cut to the width of the terminal: a wrapped line could
// not be rewritten.
func (p *liveProgress) draw() {
	if p.message == "" {
		return
	}
	line := []rune(elapsed(p.begin) + " " + p.message)
	if width := p.width(); len(line) >= width {
		line = line[:max(width-1, 0)]
	}
	fmt.Fprintf(p.w, "\r\x1b[K%s", string(line))
}

// Close wipes the line.
func (p *liveProgress) Close() {
	close(p.stop)
	p.ended.Wait()
	if p.message != "" {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

func elapsed(since time.Time) string {
	return fmt.Sprintf("%5.1fs", time.Since(since).Seconds())
}
