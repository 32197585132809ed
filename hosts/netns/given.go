package netns

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"pseudowan/hosts"
)

// given is a digest of the files, the environment, the kept directories and the lent files.
func given(s hosts.Spec) string {
	all := []any{s.Files, s.Env}
	if len(s.Keep) > 0 {
		all = append(all, s.Keep)
	}
	if len(s.Lent) > 0 {
		all = append(all, s.Lent)
	}
	text, err := json.Marshal(all) // maps are sorted by key
	if err != nil {
		return "" // maps of strings always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
