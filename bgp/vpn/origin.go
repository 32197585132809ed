package vpn

import "fmt"

// Origin is the ORIGIN attribute (RFC 4271 section 5.1.1). Lower is preferred.
type Origin uint8

// The three origins.
const (
	OriginIGP        Origin = 0
	OriginEGP        Origin = 1
	OriginIncomplete Origin = 2
)

// String returns the origin as in show tables.
func (o Origin) String() string {
	switch o {
	case OriginIGP:
		return "igp"
	case OriginEGP:
		return "egp"
	case OriginIncomplete:
		return "incomplete"
	}
	return fmt.Sprintf("origin(%d)", uint8(o))
}
