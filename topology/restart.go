package topology

// hops is a number of hops, or true for one and false for none.
type hops uint8

func parseHops(p *hops, s string) *fault {
	switch s {
	case "true":
		*p = 1
		return nil
	case "false":
		*p = 0
		return nil
	}
	if f := parseNumber(s, 8, func(n uint64) { *p = hops(n) }); f != nil || *p == 0 {
		return &fault{"\"" + s + "\" is neither true nor a number of hops", "write true for a peer on the link, else its distance, as 2"}
	}
	return nil
}
