package main

import (
	"fmt"
	"slices"
	"strings"
)

// choice is a flag that accepts one of a few words.
type choice struct {
	target *string
	words  []string
}

func newChoice(target *string, words ...string) *choice { return &choice{target, words} }

func (c *choice) String() string { return *c.target }
func (c *choice) Type() string   { return strings.Join(c.words, "|") }

func (c *choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return fmt.Errorf("choose one of %s", strings.Join(c.words, ", "))
	}
	*c.target = s
	return nil
}
