package labs

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"pseudowan/bgp/session"
	"pseudowan/router/config"
	"pseudowan/topology"
)

// CheckSecrets returns why passwords that a topology file keeps elsewhere cannot
// be used; nil if they can.
func CheckSecrets(t *topology.Topology) error {
	_, err := Secrets(t, os.LookupEnv)
	return err
}

// Variables looks a variable up that may have a password, as os.LookupEnv does.
type Variables func(name string) (text string, set bool)

// Secrets reads the passwords that a topology file keeps elsewhere, by their sources. The
// error is a topology.Problems.
func Secrets(t *topology.Topology, variables Variables) (config.Secrets, error) {
	secrets := config.Secrets{}
	var problems topology.Problems
	for _, p := range t.Passwords() {
		if _, known := secrets[p.Source()]; known || !p.Elsewhere() {
			continue
		}
		text, why := readSecret(*p, variables)
		if why == nil {
			why = session.CheckText(text)
		}
		if why != nil {
			problems = append(problems, topology.Problem{
				File: t.Source, Line: p.Line, Element: "password from " + p.Source(), Message: why.Message, Remedy: why.Remedy,
			})
		}
		secrets[p.Source()] = text
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return secrets, nil
}

func readSecret(p session.Password, variables Variables) (string, *session.Misfit) {
	if p.Env == "" {
		return readSecretFile(p.File)
	}
	text, ok := variables(p.Env)
	if !ok {
		return "", &session.Misfit{Message: "the variable is not set", Remedy: "set it, with sudo as in sudo --preserve-env=" + p.Env + " pseudowan up"}
	}
	return text, nil
}

// readSecretFile reads the first line of a file that nobody but its owner, who is
// root or the caller, can read or change.
func readSecretFile(path string) (string, *session.Misfit) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", &session.Misfit{Message: "there is no such file", Remedy: "write the password into it, and chmod 600 " + path}
	}
	if err != nil {
		return "", &session.Misfit{Message: err.Error(), Remedy: "make it readable for the caller"}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return "", &session.Misfit{Message: "it is not a regular file", Remedy: "name a file with one line"}
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", &session.Misfit{Message: fmt.Sprintf("others may have access to the file: its mode is %#o", mode), Remedy: "chmod 600 " + path}
	}
	line := bufio.NewScanner(f)
	line.Scan()
	if err := line.Err(); err != nil {
		return "", &session.Misfit{Message: err.Error(), Remedy: "write one line into the file"}
	}
	return line.Text(), nil
}
