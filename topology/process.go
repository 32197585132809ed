package topology

import (
	"fmt"
	"strings"
)

// Bounds on the arguments and environment of a process. The kernel allows 128 KiB
// for one argument or variable (MAX_ARG_STRLEN), and by default 2 MiB for all.
const (
	maxArgument  = 128<<10 - 1024
	maxArguments = 1 << 20
)

// checkCommand refuses a command that cannot be run.
func (b *hostBuilder) checkCommand(command []value[string], element string) {
	total := 0
	for i, word := range command {
		total += len(word.v) + 1
		switch {
		case i == 0 && word.has && word.v == "":
			b.refuse(word.at, element, "its command has no name", "begin it with a program, as in [sleep, 1d], or write [] for none")
		case len(word.v) > maxArgument:
			b.refuse(word.at, element, fmt.Sprintf("a word of its command has %d octets, more than %d", len(word.v), maxArgument), "put it into a file, see files:")
		case total > maxArguments && total-len(word.v)-1 <= maxArguments:
			b.refuse(word.at, element, fmt.Sprintf("its command has more than %d KiB", maxArguments>>10), "put it into a file, see files:")
		}
	}
}

// checkEnvironment refuses invalid environment variables.
func (b *hostBuilder) checkEnvironment(env entries[value[string]], element string) {
	total := 0
	for _, e := range env {
		size := len(e.key.v) + len(e.value.v) + 2
		total += size
		switch {
		case e.key.v == "" || strings.ContainsAny(e.key.v, "=\x00"):
			b.refuse(e.key.at, element, fmt.Sprintf("%q is not the name of an environment variable", e.key.v), "use letters, digits and underscores")
		case size > maxArgument:
			b.refuse(e.key.at, element, fmt.Sprintf("environment variable %.20s has %d octets, more than %d", e.key.v, size, maxArgument), "put it into a file, see files:")
		case total > maxArguments && total-size <= maxArguments:
			b.refuse(e.key.at, element, fmt.Sprintf("its environment has more than %d KiB", maxArguments>>10), "put some of it into a file, see files:")
		}
	}
}
