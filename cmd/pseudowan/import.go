package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"pseudowan/status"
	"pseudowan/topology/openflowini"
)

const importHelp = `Import reads OpenFlow.ini, the configuration of simpleRouter and of
docker-pseudo-wan ("-": standard input), and prints the topology file that does the
same: the router, its ports with BGP as links with a NIC, its VRFs, and its ports in
VRFs as hosts. Values may be quoted. What the lab does not have, or has otherwise, is
said on standard error with its line. The result is valid as it is.

docker-pseudo-wan has its ten hosts in its program: where the file has one port with
BGP and no VRF, they are in the lab, too.`

func newImport(s streams) *cobra.Command {
	name, output := "", ""
	c := &cobra.Command{
		Use:     "import FILE",
		GroupID: groupFile,
		Short:   "Make a topology file of simpleRouter's OpenFlow.ini",
		Long:    importHelp,
		Example: `  pseudowan import OpenFlow.ini > my-lab.yaml
  pseudowan import OpenFlow.ini -o my-lab.yaml --name my-lab`,
		Args: takes("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			source, data, err := readIni(args[0], s.in)
			if err != nil {
				return err
			}
			text, notes, err := openflowini.Import(source, name, data)
			if err != nil {
				return err
			}
			for _, n := range notes {
				fmt.Fprintf(s.err, "pseudowan: %v\n", n)
			}
			if output != "" {
				return os.WriteFile(output, text, 0o644)
			}
			_, err = s.out.Write(text)
			return err
		},
	}
	c.Flags().StringVar(&name, "name", "imported", "the lab's name")
	c.Flags().StringVarP(&output, "file", "o", "", "write to this file instead of standard output")
	return c
}

func readIni(path string, stdin io.Reader) (source string, data []byte, err error) {
	if path == "-" {
		data, err = io.ReadAll(stdin)
		return "standard input", data, err
	}
	data, err = os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = status.NotFound("there is no file " + path)
	}
	return path, data, err
}
