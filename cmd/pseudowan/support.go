package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"pseudowan/labs/look"
)

func newSupport(s streams) *cobra.Command {
	o := look.SupportOptions{}
	file := ""
	c := &cobra.Command{
		Use:     "support [LAB]",
		GroupID: groupLook,
		Short:   "Collect what a bug report needs, without passwords",
		Long: `Support writes a tar.gz for a bug report: this server as doctor sees it, and of the
running labs the topology, the plan, all tables, what audit finds, flows, interfaces,
routes and logs of routers, hosts and services. What cannot be collected is listed in
it. It changes nothing.

Passwords of the topology file, and of the files and variables that it names, are taken
out everywhere, also of logs and configurations; so is what is named like a secret, as
in MYSQL_ROOT_PASSWORD. Look through the file before you give it away: programs of hosts
may print secrets of their own.`,
		Example: `  sudo pseudowan support
  sudo pseudowan support pseudo-wan -o report.tar.gz`,
		Args:              takes("[LAB]"),
		ValidArgsFunction: completing(runningLabs, cobra.ShellCompDirectiveNoFileComp),
	}
	addLab(c, &o.Lab, "the same as LAB")
	c.Flags().StringVarP(&file, "file", "o", "", "the file to write (default pseudowan-support-TIME.tar.gz)")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if o.Lab, err = theLab(args, o.Lab); err != nil {
			return err
		}
		o.Now = time.Now()
		info, _ := debug.ReadBuildInfo()
		o.Version = "pseudowan " + versionOf(version, info)
		if file == "" {
			file = "pseudowan-support-" + o.Now.Format("20060102-150405") + ".tar.gz"
		}
		f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = withProgress(s, func(p progress) (struct{}, error) {
			o.Step = p.Step
			return struct{}{}, look.Support(c.Context(), o, f)
		})
		if err = errors.Join(err, f.Close()); err != nil {
			return errors.Join(err, os.Remove(file))
		}
		_, err = fmt.Fprintf(s.out, "wrote %s; look through it before you give it away\n", file)
		return err
	}
	return c
}
