package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// nicFlag is --nic, which may be repeated.
type nicFlag struct{ names map[string]string }

func (f *nicFlag) String() string { return "" }
func (f *nicFlag) Type() string   { return "NAME=NIC" }

func (f *nicFlag) Set(s string) error {
	name, nic, ok := strings.Cut(s, "=")
	if !ok || name == "" || nic == "" {
		return usagef("write the NIC that the file names, and the server's, as eth1=enp7s0")
	}
	if before, given := f.names[name]; given && before != nic {
		return usagef("%s is %s already", name, before)
	}
	if f.names == nil {
		f.names = map[string]string{}
	}
	f.names[name] = nic
	return nil
}

// addNICs gives c the flag --nic.
func addNICs(c *cobra.Command) *nicFlag {
	f := &nicFlag{}
	c.Flags().Var(f, "nic", "use this NIC of the server where the file says nic: NAME; may be repeated")
	return f
}
