package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

func main() {
	r, err := read(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
	out := bufio.NewWriter(os.Stdout)
	write(out, r)
	if err := out.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
	failed := 0
	for _, row := range r.rows {
		if row.result == failure {
			fmt.Fprintf(os.Stderr, "report: fails: %s: %s\n", row.test, row.feature)
			failed++
		}
	}
	for _, c := range r.cases {
		if c.result == failure {
			fmt.Fprintf(os.Stderr, "report: fails: %s: %s\n", strings.Join(c.tests, ", "), c.sent)
			failed++
		}
	}
	if failed > 0 || len(r.rows) == 0 {
		fmt.Fprintf(os.Stderr, "report: %d of %d rows fail\n", failed, len(r.rows)+len(r.cases))
		os.Exit(1)
	}
}
