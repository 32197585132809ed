package main

import (
	"github.com/spf13/cobra"

	"pseudowan/labs"
	"pseudowan/labs/look"
)

// execCommand is the subcommand's name.
const execCommand = "exec"

const execHelp = `Exec runs a command inside a host or a router and exits with its exit code.
In a router, ovs-vsctl and ovs-ofctl talk to that router's Open vSwitch. gobgp is
run outside, with --target unix:///run/pseudowan/LAB/ROUTER/gobgp.sock. With -t
and without a command, exec starts a shell.`

func newExec() *cobra.Command {
	var kube *kubeFlag
	var lab string
	var tty bool
	c := &cobra.Command{
		Use:     execCommand + " [flags] NODE [--] [COMMAND [ARG...]]",
		GroupID: groupRun,

		DisableFlagsInUseLine: true, // they come first

		Short: "Run a command in a host or a router",
		Long:  execHelp,
		Example: `  sudo pseudowan exec host_001_101 -- ping -c 3 30.1.0.2
  sudo pseudowan exec -it host_001_101
  sudo pseudowan exec pe1 -- ovs-ofctl dump-flows br0`,
		Args: func(_ *cobra.Command, args []string) error { return execArgs(args, tty) },
		RunE: func(c *cobra.Command, args []string) error {
			if kube.given {
				return kubeExec(c.Context(), kube, args[0], tty, command(args))
			}
			code, err := labs.Exec(c.Context(), labs.ExecOptions{
				Lab: lab, Node: args[0], Argv: command(args), TTY: tty,
			})
			if err != nil {
				return err
			}
			if code != 0 {
				return statusError(code)
			}
			return nil
		},
	}
	c.ValidArgsFunction = func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveDefault // arguments of the command: mostly files
		}
		return look.Complete(c.Context(), lab).Nodes, cobra.ShellCompDirectiveNoFileComp
	}
	c.Flags().SetInterspersed(false) // flags after NODE belong to its command
	addLab(c, &lab, "the lab; needed if several run")
	kube = addKube(c)
	c.Flags().BoolVarP(&tty, "tty", "t", false, "give the command a terminal, if standard input and output are one")
	c.Flags().BoolP("interactive", "i", false, "connect standard input (always done)")
	return c
}

// execArgs refuses a missing NODE, and a missing command without a terminal.
func execArgs(args []string, tty bool) error {
	if len(args) == 0 {
		return usagef("exec needs NODE and a command; see `pseudowan exec --help`")
	}
	if len(command(args)) == 0 && !tty {
		return usagef("exec needs a command after %s, or -t for a shell", args[0])
	}
	return nil
}

// command returns what follows NODE, without the "--" in between.
func command(args []string) []string {
	args = args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	return args
}
