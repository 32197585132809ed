package hosts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// ErrNoNft is returned where rules are needed and the program nft is missing.
var ErrNoNft = errors.New("the program nft is missing; install nftables")

// Nft gives nft a script of rules for the network namespace at path, all of which
// take effect, or none.
func Nft(ctx context.Context, path, script string) error {
	_, err := RunNft(ctx, path, script, "-f", "-")
	return err
}

// NftTables lists the rules of the namespace at path as JSON.
func NftTables(ctx context.Context, path string) ([]byte, error) {
	return RunNft(ctx, path, "", "-j", "list", "ruleset")
}

// NftChains lists the chains of the namespace at path, without their rules, as nft
// writes them.
func NftChains(ctx context.Context, path string) ([]byte, error) {
	return RunNft(ctx, path, "", "list", "chains")
}

// RunNft runs the program nft in the network namespace at path, and returns what it
// prints. A library would repeat its compiler of rules, and servers have it wherever
// their packages are those of Debian.
func RunNft(ctx context.Context, path, stdin string, args ...string) ([]byte, error) {
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, "nft", args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err := doIn(path, cmd.Run) // a child is made by this thread, which is inside
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, ErrNoNft
	case err != nil && errs.Len() > 0:
		first, _, _ := strings.Cut(strings.TrimSpace(errs.String()), "\n")
		return nil, fmt.Errorf("nft: %s", first)
	case err != nil:
		return nil, fmt.Errorf("nft: %w", err)
	}
	return out.Bytes(), nil
}
