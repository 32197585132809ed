package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"pseudowan/labs/look"
)

// The words of the processes that verify the sites of a lab together, a line each: each
// process says when it is ready and when it has tested its site, and goes on when it
// hears that all are. It asks for the key first: kubectl may lose what is sent to a
// process that has said nothing.
const (
	sayKey = "key"

	sayReady, hearReady = "ready", "go"
	sayDone, hearDone   = "done", "end"
)

// meet reads the key of a common verification, and returns what agrees with the others
// by lines of out and in.
func meet(in io.Reader, out io.Writer) (*look.Together, error) {
	if _, err := fmt.Fprintln(out, sayKey); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(in)
	first, err := lines.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("read the key of the verification: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(first))
	var t look.Together
	if err != nil || len(key) != len(t.Key) {
		return nil, usagef("the key of a common verification has %d octets in hexadecimal digits", len(t.Key))
	}
	copy(t.Key[:], key)
	agree := func(say, hear string) func(context.Context) error {
		return func(context.Context) error {
			if _, err := fmt.Fprintln(out, say); err != nil {
				return err
			}
			said, err := lines.ReadString('\n')
			if err != nil || strings.TrimSpace(said) != hear {
				return fmt.Errorf("the verification of the other sites has ended: %q, %w", said, err)
			}
			return nil
		}
	}
	t.Ready, t.Done = agree(sayReady, hearReady), agree(sayDone, hearDone)
	return &t, nil
}
