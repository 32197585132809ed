package netns

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"pseudowan/hosts"
)

// given is a digest of the files and the environment.
func given(s hosts.Spec) string {
	text, err := json.Marshal([]map[string]string{s.Files, s.Env}) // sorted by key
	if err != nil {
		return "" // maps of strings always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
