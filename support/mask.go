package support

import (
	"regexp"
	"slices"
	"strings"
)

// Masked is what stands in the place of a secret.
const Masked = "********"

// Mask takes secrets out of texts.
type Mask struct{ secrets []string }

// shortest is how long a secret must be to be looked for everywhere: a shorter one is in
// many words.
const shortest = 4

// NewMask returns a mask of known secrets, and of what looks like one.
func NewMask(secrets []string) Mask {
	var m Mask
	for _, s := range secrets {
		if len(s) >= shortest && !slices.Contains(m.secrets, s) {
			m.secrets = append(m.secrets, s)
		}
	}
	// One may contain another.
	slices.SortFunc(m.secrets, func(a, b string) int { return len(b) - len(a) })
	return m
}

// Named reports whether the name of a setting or a variable says that its value is secret.
func Named(name string) bool { return secretName.MatchString(name) }

const secretWords = `password|passwd|passphrase|[-_]pass|secret|token|credential|api[-_]?key|private[-_]?key|pre-?shared[-_]?key|psk`

var (
	secretName = regexp.MustCompile(`(?i)` + secretWords)

	// A name and its value, as in YAML, JSON, shells and options of commands. The value of a
	// name that only says where the secret is stays.
	secretSetting = regexp.MustCompile(`(?i)(["']?[a-z0-9_.-]*(?:` + secretWords + `)[a-z0-9_]*["']?\s*[:=]\s*)("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s,;{}\[\]"']+)`)

	// The text of a key in PEM (RFC 7468).
	pemKey = regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----`)
)

// Text returns a text without secrets.
func (m Mask) Text(text string) string {
	for _, s := range m.secrets {
		text = strings.ReplaceAll(text, s, Masked)
	}
	text = pemKey.ReplaceAllString(text, Masked)
	return secretSetting.ReplaceAllStringFunc(text, func(match string) string {
		parts := secretSetting.FindStringSubmatch(match)
		switch parts[2] {
		case "null", "true", "false", `""`, "''", Masked:
			return match
		}
		quote := ""
		if c := parts[2][0]; c == '"' || c == '\'' {
			quote = string(c)
		}
		return parts[1] + quote + Masked + quote
	})
}
